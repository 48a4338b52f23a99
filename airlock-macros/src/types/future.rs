//! Types that are written as futures.

use syn::{GenericArgument, PathSegment, Type, TypeParamBound};

use super::{arguments, bare, last_segment, only_argument, type_arguments};

/// A type written as a future, with what it gives if that is written too.
pub(crate) enum Future<'a> {
    /// `impl Future<Output = T>`.
    Opaque(Option<&'a Type>),
    /// `Pin<Box<dyn Future<Output = T>>>`, or `BoxFuture<'_, T>` of the crate `futures`.
    Boxed(Option<&'a Type>),
}

impl<'a> Future<'a> {
    /// The type as a future, if it is written as one.
    pub(crate) fn of(ty: &'a Type) -> Option<Self> {
        if let Type::ImplTrait(opaque) = bare(ty) {
            return future_bound(&opaque.bounds).map(|bound| Self::Opaque(output(bound)));
        }
        let last = last_segment(ty)?;
        if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
            return Some(Self::Boxed(type_arguments(last).next()));
        }
        let boxed = last_segment(only_argument(last, "Pin")?)?;
        match only_argument(boxed, "Box")? {
            Type::TraitObject(object) => {
                future_bound(&object.bounds).map(|bound| Self::Boxed(output(bound)))
            }
            _ => None,
        }
    }
}

/// The `Future<…>` among the bounds.
fn future_bound<'a>(
    bounds: impl IntoIterator<Item = &'a TypeParamBound>,
) -> Option<&'a PathSegment> {
    bounds.into_iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            bound.path.segments.last().filter(|last| last.ident == "Future")
        }
        _ => None,
    })
}

/// The `T` of `Future<Output = T>`.
fn output(future: &PathSegment) -> Option<&Type> {
    arguments(future).find_map(|argument| match argument {
        GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written::written;

    #[test]
    fn sees_futures() {
        let seen = |ty: &str| {
            let ty: Type = syn::parse_str(ty).expect(ty);
            match Future::of(&ty) {
                Some(Future::Opaque(output)) => format!("opaque {}", written(output)),
                Some(Future::Boxed(output)) => format!("boxed {}", written(output)),
                None => "none".to_owned(),
            }
        };
        assert_eq!(seen("impl Send + core::future::Future<Output = u8> + '_"), "opaque u8");
        assert_eq!(seen("Pin<Box<dyn Future<Output = ()> + Send + 'a>>"), "boxed ()");
        assert_eq!(seen("futures::future::BoxFuture<'static, u8>"), "boxed u8");
        assert_eq!(seen("Result<impl Future<Output = u8>, Error>"), "none");
    }
}
