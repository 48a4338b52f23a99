//! `#[airlock::task]`: a function becomes a task, under the function's name; and `#[derive(airlock::Task)]`: a struct does,
//! whose fields are the arguments.

mod check;
mod expand;
mod fallback;
mod parse;
mod structure;
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

/// What makes the struct a task.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let input = structure::parse(&errors, item);
    let task = input.and_then(|input| check::check(&errors, input).ok());
    let output = task.map(|task| expand::of_struct(&task));
    let report = errors.report();
    quote!(#output #report)
}
