//! Questions about a type as it is written.

mod borrowing;
mod future;
mod opaque;

use syn::{GenericArgument, PathArguments, PathSegment, Type};

pub(crate) use self::borrowing::{borrows, owned, sized};
pub(crate) use self::future::Future;
pub(crate) use self::opaque::{has_impl_trait, without_impl_trait};

/// The type without the parentheses and the invisible groups around it, which a `macro_rules` leaves there.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

/// The error type, if the type is written as a `Result<T, E>`.
pub(crate) fn result_error(ty: &Type) -> Option<&Type> {
    let last = last_segment(ty).filter(|last| last.ident == "Result")?;
    type_arguments(last).nth(1)
}

/// The last segment of a path: `Error` of `std::io::Error`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Whether it has the name of what the libraries of databases call a connection or a transaction with one.
///
/// sea-orm's `DatabaseConnection` is a pool.
pub(crate) fn is_connection(ty: &Type) -> bool {
    let Some(name) = last_segment(ty).map(|last| last.ident.to_string()) else { return false };
    let is_pool = name == "DatabaseConnection";
    !is_pool && ["Connection", "Transaction"].iter().any(|kind| name.ends_with(kind))
}

fn only_argument<'a>(segment: &'a PathSegment, name: &str) -> Option<&'a Type> {
    type_arguments(segment).next().filter(|_| segment.ident == name).map(bare)
}

fn type_arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    arguments(segment).filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn arguments(segment: &PathSegment) -> impl Iterator<Item = &GenericArgument> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten()
}
