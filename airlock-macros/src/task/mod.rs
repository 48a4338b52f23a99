//! `#[airlock::task]`: a function becomes a task, under the function's name.

mod check;
mod expand;
mod fallback;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;

/// The function, and beside it the type that is its task.
pub(crate) fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let output = match parse::Input::parse(&errors, options, item.clone()) {
        Some(input) => match check::check(&errors, input) {
            Ok(task) => expand::expand(&task),
            Err(refused) => fallback::expand(&refused),
        },
        None => item,
    };
    let report = errors.report();
    quote!(#output #report)
}
