//! The body of a function as a closure or a future, with the type pinned that it gives.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ReturnType, Type};

use super::Inside;
use super::shape::Shape;
use crate::function::Body;
use crate::spans::Spans;
use crate::types;

/// What runs the body and gives the function's value.
pub(super) fn inside(shape: &Shape, output: &ReturnType, body: &Body) -> Inside {
    match shape {
        Shape::Sync => Inside::Closure(closure(output, body)),
        Shape::Async => Inside::Future(block(output, body)),
        // The body itself makes the future, and that too happens inside.
        Shape::Opaque(_) | Shape::Boxed(_) => {
            let here = Span::mixed_site();
            let make = closure(output, body);
            // Called through a function, because clippy would call a closure that is called at once redundant.
            Inside::Future(quote_spanned! {here=>
                async move { ::core::convert::identity(#make)().await }
            })
        }
    }
}

/// `move || -> T { BODY }`
///
/// The type is written for `return`, `?` and coercions to know it. `impl Trait` may not be written there and need
/// not: what is inferred in its place is bound by the function's own signature.
fn closure(output: &ReturnType, body: &Body) -> TokenStream {
    let output = match output {
        ReturnType::Default => ReturnType::Default,
        ReturnType::Type(arrow, ty) => {
            ReturnType::Type(*arrow, Box::new(types::without_impl_trait(ty)))
        }
    };
    quote!(move || #output #body)
}

/// `async move { BODY }`
///
/// An `async` block has no place to write its type, so it begins with a `return` of that type that is never reached.
fn block(output: &ReturnType, body: &Body) -> TokenStream {
    let pin = match output {
        ReturnType::Default => quote!(if false {
            return;
        }),
        // No value of the type can be named, and none is needed: a body that doesn't end is of any type.
        ReturnType::Type(_, ty) if matches!(types::bare(ty), Type::Never(_)) => TokenStream::new(),
        // At the place of the type, which rustc points to when a value in the body is of another one.
        ReturnType::Type(_, ty) => {
            let here = Spans::of(ty).first;
            let ty = types::without_impl_trait(ty);
            quote_spanned! {here=>
                #[allow(unreachable_code, unused_variables, clippy::all, clippy::pedantic, reason = "pins the type")]
                if false {
                    let __airlock_value: #ty = loop {};
                    return __airlock_value;
                }
            }
        }
    };
    let tokens = &body.tokens;
    let body = Body { brace: body.brace, tokens: quote!(#pin #tokens) };
    quote!(async move #body)
}
