//! Collects every mistake of an item, so that all are reported at once.

use std::cell::RefCell;
use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far.
///
/// Each stage of a macro is handed one of these, adds what it finds and goes on with what is still usable.
/// Dropping it unasked panics: a forgotten mistake would be a macro that silently generates half an item.
pub(crate) struct Errors {
    /// `None` once the mistakes were taken.
    found: RefCell<Option<Vec<syn::Error>>>,
}

impl Errors {
    /// Starts without a mistake.
    pub(crate) fn new() -> Self {
        Self { found: RefCell::new(Some(Vec::new())) }
    }

    /// Adds a mistake that the user made in `tokens`, all of which are underlined.
    pub(crate) fn at(&self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// Adds a mistake that already knows its place.
    pub(crate) fn add(&self, error: syn::Error) {
        if let Some(found) = self.found.borrow_mut().as_mut() {
            found.push(error);
        }
    }

    /// How many mistakes there are, for a stage to tell whether it added any.
    pub(crate) fn count(&self) -> usize {
        self.found.borrow().as_ref().map_or(0, Vec::len)
    }

    /// The `compile_error!`s that report the mistakes, in the order they were found; none is no tokens.
    pub(crate) fn report(self) -> TokenStream {
        let found = self.found.take().unwrap_or_default();
        found.iter().map(syn::Error::to_compile_error).collect()
    }

    /// The messages alone, for tests to read.
    #[cfg(test)]
    pub(crate) fn messages(self) -> Vec<String> {
        let found = self.found.take().unwrap_or_default();
        found.iter().map(ToString::to_string).collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        // A second panic, while one is under way, would hide the first.
        let asked = self.found.borrow().is_none() || std::thread::panicking();
        assert!(asked, "the mistakes of an item were collected but never reported");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn reports_every_mistake() {
        let errors = Errors::new();
        errors.at(quote!(a), "first");
        errors.at(quote!(b), "second");
        assert_eq!(errors.count(), 2);
        assert_eq!(errors.messages(), ["first", "second"]);
    }

    #[test]
    #[should_panic(expected = "never reported")]
    fn panics_when_nobody_asks() {
        drop(Errors::new());
    }
}
