//! Where tokens begin and end.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The place of a run of tokens.
///
/// Stable Rust can't join spans. But rustc joins those of the first and the last token of what it parses, so code
/// that begins with a token at the one and ends with a token at the other is underlined as the run itself.
pub(crate) struct Spans {
    pub(crate) first: Span,
    pub(crate) last: Span,
}

impl Spans {
    /// The place of the tokens; where there are none, that of the macro.
    pub(crate) fn of(tokens: impl ToTokens) -> Self {
        let mut tokens = tokens.into_token_stream().into_iter().map(|token| token.span());
        let first = tokens.next().unwrap_or_else(Span::call_site);
        let last = tokens.last().unwrap_or(first);
        Self { first, last }
    }
}

/// A name for a variable of generated code.
///
/// Its span keeps it apart from the user's variables and functions. Constants and statics don't mind the span, and a
/// pattern by one of their names is no variable: hence the prefix.
pub(crate) fn variable(name: &str) -> Ident {
    Ident::new(&format!("__airlock_{name}"), Span::mixed_site())
}

/// The tokens, said to be generated, and at the place of the span.
///
/// Lints for what the user writes then don't judge them. `$crate` alone keeps what it is said to be, because that is
/// how it knows its crate.
pub(crate) fn generated_at(place: Span, tokens: TokenStream) -> TokenStream {
    let generated = Span::call_site().located_at(place);
    let at_place = |mut token: TokenTree| {
        let is_crate = matches!(&token, TokenTree::Ident(ident) if ident == "$crate");
        token.set_span(if is_crate { token.span().located_at(place) } else { generated });
        token
    };
    tokens.into_iter().map(at_place).collect()
}
