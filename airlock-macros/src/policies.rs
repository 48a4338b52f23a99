//! Expressions for policies, in attributes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, ExprPath, parse_quote};

use crate::errors::Errors;
use crate::spans;
use crate::task_set::TaskSet;

/// The policies that need no import in an attribute.
const BUILT_IN: &[&str] = &[
    "AllowAll",
    "AllowOnly",
    "AssertNoEffects",
    "BlockTasks",
    "Coalesce",
    "DropAll",
    "Limit",
    "LogOnFlush",
];

/// Those that are called with a list of tasks.
const LISTING: &[&str] = &["AllowOnly", "BlockTasks"];

/// Puts airlock's path before each built-in policy of the expression and makes sets of lists of tasks.
///
/// ```text
/// // Input:
/// (DropAll, BlockTasks(mail::send).refuse(), audit())
///
/// // Output:
/// (airlock::DropAll, airlock::BlockTasks::new(tasks![mail::send]).refuse(), audit())
/// ```
pub(crate) fn resolve(errors: &Errors, krate: &TokenStream, policy: &mut Expr) {
    let resolve = |policy: &mut Expr| resolve(errors, krate, policy);
    match policy {
        Expr::Array(array) => array.elems.iter_mut().for_each(resolve),
        Expr::Tuple(tuple) => tuple.elems.iter_mut().for_each(resolve),
        Expr::Group(group) => resolve(&mut group.expr),
        Expr::Paren(paren) => resolve(&mut paren.expr),
        Expr::Reference(reference) => resolve(&mut reference.expr),
        Expr::MethodCall(call) => resolve(&mut call.receiver),
        Expr::Path(path) => prefix(krate, BUILT_IN, path),
        Expr::Call(call) => {
            let Expr::Path(function) = &mut *call.func else { return };
            let listing = LISTING.iter().any(|name| function.path.is_ident(name));
            prefix(krate, BUILT_IN, function);
            if listing {
                let tasks = TaskSet::check(errors, krate.clone(), &call.args).expand();
                *policy = parse_quote!(#function::new(#tasks));
            }
        }
        _ => {}
    }
}

/// Puts airlock's path before a path that begins with one of the names.
pub(crate) fn prefix(krate: &TokenStream, names: &[&str], path: &mut ExprPath) {
    if path.qself.is_some() || path.path.leading_colon.is_some() {
        return;
    }
    let Some(first) = path.path.segments.first() else { return };
    if names.iter().any(|name| first.ident == name) {
        // What rustc says of the longer path is to underline the one that was written.
        let krate = spans::generated_at(first.ident.span(), quote!(#krate::));
        let written = &path.path;
        *path = parse_quote!(#krate #written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::default_crate;
    use crate::written::written;

    fn resolved(mut policy: Expr) -> String {
        let errors = Errors::new();
        resolve(&errors, &default_crate(), &mut policy);
        assert_eq!(errors.messages(), [""; 0]);
        written(policy)
    }

    #[test]
    fn finds_built_ins() {
        assert_eq!(
            resolved(parse_quote!((DropAll, [Limit::per_flush(3)], &LogOnFlush::default()))),
            "(::airlock::DropAll, [::airlock::Limit::per_flush(3)], &::airlock::LogOnFlush::default())"
        );
    }

    #[test]
    fn leaves_the_rest() {
        let policy = quote!(audit(mine::DropAll, Limit));
        assert_eq!(resolved(parse_quote!(#policy)), written(policy));
    }

    #[test]
    fn makes_sets_of_lists() {
        let text = resolved(parse_quote!(BlockTasks(mail::send, "notify").refuse()));
        assert!(text.starts_with("::airlock::BlockTasks::new("), "{text}");
        assert!(text.contains("<mail::send as") && text.contains("<notify as"), "{text}");
        assert!(text.ends_with(").refuse()"), "{text}");
    }
}
