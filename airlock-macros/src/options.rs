//! The options of an attribute: `name = "…", local`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Token, token};

use crate::errors::Errors;
use crate::expression::bare;
use crate::messages;
use crate::nearest::nearest;
use crate::written::written;

/// An option that an attribute knows.
pub(crate) struct Known {
    name: &'static str,
    /// A value to show to whom writes none; `None` if the option takes no value.
    example: Option<&'static str>,
    /// What to write behind `name =` for a value that stands there alone, if that is what it looks like.
    alone: fn(&Expr) -> Option<String>,
}

impl Known {
    /// An option with a value: `queue = "emails"`.
    pub(crate) const fn value(name: &'static str, example: &'static str) -> Self {
        Self { name, example: Some(example), alone: |_| None }
    }

    /// An option that is there or isn't: `local`.
    pub(crate) const fn flag(name: &'static str) -> Self {
        Self { name, example: None, alone: |_| None }
    }

    /// The option, told from others by its value: `alone` gives the value to write, if an expression looks like one.
    pub(crate) const fn or_alone(self, alone: fn(&Expr) -> Option<String>) -> Self {
        Self { alone, ..self }
    }
}

/// One option as the user wrote it.
///
/// Values stay the user's tokens: they become arguments of methods, so that rustc says what is wrong with them.
pub(crate) struct Given {
    pub(crate) name: Ident,
    pub(crate) value: Option<Expr>,
}

/// The options given, each of them known and there once.
pub(crate) struct Options {
    given: Vec<Given>,
}

impl Options {
    /// Parses what stands in the parentheses of `attribute`; mistakes are reported and left out.
    pub(crate) fn parse(
        errors: &Errors,
        attribute: &str,
        known: &[Known],
        tokens: TokenStream,
    ) -> Self {
        let mut options = Self { given: Vec::new() };
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if value_alone(errors, attribute, known, input) {
                    continue;
                }
                let Ok(name) = input.call(Ident::parse_any) else {
                    return Err(input.error(messages::expected_option(attribute, &names(known))));
                };
                let value = Value::parse(input)?;
                options.add(errors, attribute, known, name, value);
                if !input.is_empty() && input.parse::<Option<Token![,]>>()?.is_none() {
                    return Err(input.error(messages::OPTIONS_NEED_COMMA));
                }
            }
            Ok(())
        };
        if let Err(error) = parser.parse2(tokens) {
            errors.add(error);
        }
        options
    }

    fn add(
        &mut self,
        errors: &Errors,
        attribute: &str,
        known: &[Known],
        name: Ident,
        value: Value,
    ) {
        let written = name.to_string();
        let Some(option) = known.iter().find(|known| known.name == written) else {
            let names = names(known);
            let nearest = nearest(&written, names.iter().copied());
            return errors.at(name, messages::unknown_option(attribute, &written, nearest, &names));
        };
        if self.given.iter().any(|given| given.name == name) {
            return errors.at(name, messages::repeated_option(&written));
        }
        match (option.example, value) {
            (None, Value::Absent) => self.given.push(Given { name, value: None }),
            (None, _) => errors.at(name, messages::option_takes_no_value(&written)),
            (Some(_), Value::Written(value)) => {
                self.given.push(Given { name, value: Some(*value) });
            }
            (Some(example), _) => errors.at(name, messages::option_needs_value(&written, example)),
        }
    }

    /// Takes an option out, if it was given.
    pub(crate) fn take(&mut self, name: &str) -> Option<Given> {
        let index = self.given.iter().position(|given| given.name == name)?;
        Some(self.given.remove(index))
    }

    /// Takes the value of an option out, if it was given.
    pub(crate) fn take_value(&mut self, name: &str) -> Option<Expr> {
        self.take(name)?.value
    }

    /// Takes the path to airlock out: that of `crate = path`, or `::airlock`.
    pub(crate) fn take_crate(&mut self, errors: &Errors) -> TokenStream {
        match self.take_value("crate") {
            Some(value) => crate_path(errors, &value),
            None => default_crate(),
        }
    }

    /// The options not taken yet, in the order given.
    pub(crate) fn rest(self) -> Vec<Given> {
        self.given
    }
}

/// Takes a value that stands there without the name of its option, with the comma behind it, and reports it.
fn value_alone(errors: &Errors, attribute: &str, known: &[Known], input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let Ok(value) = ahead.parse::<Expr>() else { return false };
    let option = known.iter().find_map(|known| Some((known.name, (known.alone)(&value)?)));
    let Some((name, instead)) = option else { return false };
    if !ahead.is_empty() && !ahead.peek(Token![,]) {
        return false;
    }
    let text = written(&value);
    let message = messages::unnamed_value(attribute, &text, name, &instead, &names(known));
    errors.at(&value, message);
    input.advance_to(&ahead);
    // It was seen: this can't fail.
    input.parse::<Option<Token![,]>>().is_ok()
}

/// What stands behind the name of an option.
enum Value {
    Absent,
    Written(Box<Expr>),
    /// `name =` with nothing behind it, or `name(…)`.
    Misplaced,
}

impl Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.parse::<Option<Token![=]>>()?.is_some() {
            if input.is_empty() || input.peek(Token![,]) {
                return Ok(Self::Misplaced);
            }
            return Ok(Self::Written(input.parse()?));
        }
        if input.peek(token::Paren) {
            input.parse::<TokenTree>()?;
            return Ok(Self::Misplaced);
        }
        Ok(Self::Absent)
    }
}

fn names(known: &[Known]) -> Vec<&'static str> {
    known.iter().map(|known| known.name).collect()
}

/// The path to airlock that the value of `crate = path` names.
pub(crate) fn crate_path(errors: &Errors, value: &Expr) -> TokenStream {
    if let Expr::Path(path) = bare(value)
        && path.qself.is_none()
    {
        return path.to_token_stream();
    }
    errors.at(value, messages::CRATE_NEEDS_PATH);
    default_crate()
}

/// The path to airlock for who hasn't renamed it.
pub(crate) fn default_crate() -> TokenStream {
    quote!(::airlock)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Known] =
        &[Known::value("queue", "\"emails\""), Known::flag("local"), Known::value("crate", "path")];

    fn mistakes(tokens: TokenStream) -> Vec<String> {
        let errors = Errors::new();
        let mut options = Options::parse(&errors, "task", KNOWN, tokens);
        options.take_crate(&errors);
        errors.messages()
    }

    #[test]
    fn takes_what_is_known() {
        let none: [&str; 0] = [];
        assert_eq!(mistakes(quote!(queue = "emails", local, crate = my::airlock,)), none);
    }

    #[test]
    fn names_the_nearest_and_lists_the_known() {
        let [message] = &mistakes(quote!(qeue = "emails"))[..] else { panic!("not one mistake") };
        assert_eq!(
            message,
            "`qeue` is no option of `#[airlock::task]`: did you mean `queue`?\n\
             the options are `queue`, `local`, `crate`"
        );
    }

    #[test]
    fn reports_all_at_once() {
        assert_eq!(
            mistakes(quote!(queue, local = true, queue("x"), crate = "path")),
            [
                "`queue` needs a value: write `queue = \"emails\"`",
                "`local` takes no value: write `local`, or remove it",
                "`queue` needs a value: write `queue = \"emails\"`",
                messages::CRATE_NEEDS_PATH,
            ]
        );
        assert_eq!(mistakes(quote!(local, local)), ["`local` is given twice: remove one"]);
    }

    #[test]
    fn asks_for_commas_and_names() {
        assert_eq!(mistakes(quote!(local queue = "x")), [messages::OPTIONS_NEED_COMMA]);
        assert_eq!(
            mistakes(quote!("mail")),
            [
                "here goes an option of `#[airlock::task]`\nthe options are `queue`, `local`, `crate`"
            ]
        );
    }
}
