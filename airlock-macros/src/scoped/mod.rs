//! `#[airlock::scoped]`: the body of a function runs in a scope of its own.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::function::Function;
use crate::wrap::Wrapped;

/// The function, its body in a scope.
pub(crate) fn scoped(options: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let scope = parse::Scope::parse(&errors, options);
    let function = Function::parse_item(&errors, "scoped", item.clone());
    let wrapped = function.and_then(|function| Wrapped::check(&errors, "scoped", function));
    let output = wrapped.map_or(item, |wrapped| expand::expand(&scope, wrapped));
    let report = errors.report();
    quote!(#output #report)
}
