//! Tokens as a person would write them, for messages to quote.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens with the usual spaces: `Cow<'a, str>`, not `Cow < 'a , str >`.
pub(crate) fn written(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    write(tokens.into_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::None => ("", ""),
                };
                if group.delimiter() == Delimiter::Bracket && ends_with_word(text) {
                    text.push(' ');
                }
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => {
                let alone = punct.spacing() == Spacing::Alone;
                match punct.as_char() {
                    ',' | ';' => text.extend([punct.as_char(), ' ']),
                    ':' if alone && !text.ends_with(':') => text.push_str(": "),
                    '+' | '=' | '@' if alone => text.extend([' ', punct.as_char(), ' ']),
                    '-' => text.push_str(" -"),
                    '>' if text.ends_with(" -") => text.push_str("> "),
                    other => text.push(other),
                }
            }
            word => {
                let word = word.to_string();
                if ends_with_word(text) {
                    text.push(' ');
                }
                text.push_str(&word);
            }
        }
    }
}

fn ends_with_word(text: &str) -> bool {
    text.ends_with(|last: char| last.is_alphanumeric() || last == '_')
}

#[cfg(test)]
mod tests {
    use super::written;
    use quote::quote;

    #[test]
    fn spaces_as_people_do() {
        for (tokens, expected) in [
            (
                quote!(&'a mut std::collections::HashMap<u8, Vec<String>>),
                "&'a mut std::collections::HashMap<u8, Vec<String>>",
            ),
            (quote!(&'a mut [u8]), "&'a mut [u8]"),
            (quote!(impl Into<String> + 'static), "impl Into<String> + 'static"),
            (quote!(Box<dyn Fn(&str) -> [u8; 4]>), "Box<dyn Fn(&str) -> [u8; 4]>"),
            (quote!(Point { x, y }), "Point { x, y }"),
            (quote!(dyn Iterator<Item = u8>), "dyn Iterator<Item = u8>"),
        ] {
            assert_eq!(written(tokens), expected);
        }
    }
}
