//! The kinds of functions, by when their bodies run.

use syn::{ReturnType, Signature, Type};

use crate::types::Future;

/// When the body of a function runs, and to what the function resolves.
pub(crate) enum Shape {
    /// `fn f() -> T`: when it is called.
    Sync,
    /// `async fn f() -> T`: when it is awaited.
    Async,
    /// `fn f() -> impl Future<Output = T>`: when what it returns is awaited.
    Opaque(Option<Type>),
    /// `fn f() -> Pin<Box<dyn Future<Output = T>>>`, which is also what `#[async_trait]` makes of an `async fn`.
    Boxed(Option<Type>),
}

impl Shape {
    pub(crate) fn of(signature: &Signature) -> Self {
        if signature.asyncness.is_some() {
            return Self::Async;
        }
        let ReturnType::Type(_, ty) = &signature.output else { return Self::Sync };
        match Future::of(ty) {
            Some(Future::Opaque(output)) => Self::Opaque(output.cloned()),
            Some(Future::Boxed(output)) => Self::Boxed(output.cloned()),
            None => Self::Sync,
        }
    }
}
