//! Whether `#[tracing::instrument]` logs what `#[secret]` hides.
//!
//! It is a macro of another crate, which is seen as an attribute where it stands below `#[airlock::task]`, and by what it
//! made of the body where it stands above.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Attribute, Ident, Meta};

use super::{Parameter, Role};
use crate::errors::Errors;
use crate::function::Function;
use crate::messages;
use crate::written::written;

/// The variable of the span that the attribute puts into a body (tracing-attributes 0.1).
const SPAN: &str = "__tracing_attr_span";

/// Reports the secrets that leave as fields of a span.
pub(super) fn check(errors: &Errors, function: &Function, parameters: &[Parameter]) {
    let secrets = parameters.iter().filter(|parameter| matches!(parameter.role, Role::Secret));
    let secrets: Vec<&Ident> = secrets.map(|parameter| &parameter.name).collect();
    if secrets.is_empty() {
        return;
    }
    for attribute in &function.attributes {
        if let Some((path, options)) = instrument(attribute) {
            let logged = secrets.iter().copied().filter(|name| !is_left_out(name, &options));
            report(errors, attribute, &path, &skipped(&options), logged);
        }
    }
    let Some(body) = &function.body else { return };
    if words(&body.tokens).any(|word| word == SPAN) {
        let logged: Vec<_> =
            secrets.iter().copied().filter(|name| is_field(name, body.tokens.clone())).collect();
        if let Some(first) = logged.first() {
            report(errors, *first, "tracing::instrument", &[], logged.iter().copied());
        }
    }
}

fn report<'a>(
    errors: &Errors,
    place: impl quote::ToTokens,
    path: &str,
    skipped: &[String],
    logged: impl Iterator<Item = &'a Ident>,
) {
    let names: Vec<_> = logged.map(ToString::to_string).collect();
    if !names.is_empty() {
        errors.at(place, messages::secret_is_logged(path, skipped, &names));
    }
}

/// The path and the options of `#[instrument(…)]`, also where only some builds have it.
fn instrument(attribute: &Attribute) -> Option<(String, TokenStream)> {
    let is_instrument = |path: &syn::Path| {
        path.segments.last().is_some_and(|segment| segment.ident == "instrument")
    };
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let words: Vec<_> = list.tokens.clone().into_iter().collect();
            let is_it =
                |word: &TokenTree| matches!(word, TokenTree::Ident(word) if word == "instrument");
            let position = words.iter().position(is_it)?;
            let options = match words.get(position + 1) {
                Some(TokenTree::Group(options)) => options.stream(),
                _ => TokenStream::new(),
            };
            Some(("tracing::instrument".to_owned(), options))
        }
        Meta::List(list) if is_instrument(&list.path) => {
            Some((written(&list.path), list.tokens.clone()))
        }
        Meta::Path(path) if is_instrument(path) => Some((written(path), TokenStream::new())),
        _ => None,
    }
}

/// The arguments that the options name to be skipped.
fn skipped(options: &TokenStream) -> Vec<String> {
    let tokens: Vec<_> = options.clone().into_iter().collect();
    let lists = tokens.windows(2).filter_map(|pair| match pair {
        [TokenTree::Ident(skip), TokenTree::Group(list)] if skip == "skip" => Some(list.stream()),
        _ => None,
    });
    lists.flat_map(|list| words(&list).map(|word| word.to_string()).collect::<Vec<_>>()).collect()
}

/// Whether the options name the argument to be skipped, or as a field that the user writes.
fn is_left_out(name: &Ident, options: &TokenStream) -> bool {
    let mut before = None;
    options.clone().into_iter().any(|token| {
        let lists = |list: &str| before.as_ref().is_some_and(|before| before == list);
        let left_out = match &token {
            TokenTree::Ident(word) => word == "skip_all",
            TokenTree::Group(group) if lists("skip") || lists("fields") => {
                words(&group.stream()).any(|word| word == *name)
            }
            _ => false,
        };
        before = match token {
            TokenTree::Ident(word) => Some(word),
            _ => None,
        };
        left_out
    })
}

/// Whether a field of a span in the body is the argument itself: `name = name`, or `name = …::debug(&name)`.
fn is_field(name: &Ident, body: TokenStream) -> bool {
    let mut after = Vec::new();
    for token in body {
        if let TokenTree::Group(group) = &token {
            if group.delimiter() == Delimiter::Parenthesis && after == ["span", "!"] {
                return fields(group.stream()).any(|(field, value)| {
                    let mut words = words(&value);
                    field == *name && words.all(|word| is_of_a_field(&word, name))
                });
            }
            if is_field(name, group.stream()) {
                return true;
            }
        }
        after.push(token.to_string());
        after.drain(..after.len().saturating_sub(2));
    }
    false
}

fn is_of_a_field(word: &Ident, name: &Ident) -> bool {
    word == name || ["tracing", "field", "debug"].iter().any(|known| word == known)
}

/// `name = value` between the commas.
fn fields(tokens: TokenStream) -> impl Iterator<Item = (Ident, TokenStream)> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',');
    let fields = tokens.split(is_comma).filter_map(|field| match field {
        [TokenTree::Ident(name), TokenTree::Punct(equals), value @ ..]
            if equals.as_char() == '=' =>
        {
            Some((name.clone(), value.iter().cloned().collect()))
        }
        _ => None,
    });
    fields.collect::<Vec<_>>().into_iter()
}

/// Every word of the tokens, those in groups included.
fn words(tokens: &TokenStream) -> Box<dyn Iterator<Item = Ident>> {
    Box::new(tokens.to_token_stream().into_iter().flat_map(|token| match token {
        TokenTree::Ident(word) => {
            Box::new(std::iter::once(word)) as Box<dyn Iterator<Item = Ident>>
        }
        TokenTree::Group(group) => words(&group.stream()),
        TokenTree::Literal(_) | TokenTree::Punct(_) => Box::new(std::iter::empty()),
    }))
}
