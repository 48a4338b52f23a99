//! A function of which only the signature is parsed; its body stays tokens.

use proc_macro2::TokenStream;
use quote::{ToTokens, TokenStreamExt as _};
use syn::parse::{ParseStream, Parser as _};
use syn::{Abi, AttrStyle, Attribute, Signature, Token, Visibility, braced, token};

use crate::errors::Errors;
use crate::messages;

/// A function as the user wrote it.
///
/// Not parsing the body is faster, and lets a mistake inside it be reported by rustc, in rustc's words.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// `None` where a semicolon stands instead: the method of a trait, or of an `extern` block.
    pub(crate) body: Option<Body>,
}

/// The braces of a function and the tokens between them.
pub(crate) struct Body {
    pub(crate) brace: token::Brace,
    pub(crate) tokens: TokenStream,
}

impl Function {
    /// Parses the item that `attribute` (such as `task`) stands on; a mistake is reported and `None`.
    pub(crate) fn parse_item(errors: &Errors, attribute: &str, item: TokenStream) -> Option<Self> {
        let parser = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_outer)?;
            let visibility = input.parse()?;
            if !starts_signature(&input.fork()) {
                let found = input.parse::<TokenStream>()?;
                let found = found.into_iter().next();
                return Err(syn::Error::new_spanned(found, messages::not_a_function(attribute)));
            }
            Ok(Self {
                attributes,
                visibility,
                signature: input.parse()?,
                body: Body::parse_optional(input)?,
            })
        };
        parser.parse2(item).map_err(|error| errors.add(error)).ok()
    }
}

/// Whether a function's signature follows, whatever stands before its `fn`.
fn starts_signature(input: ParseStream<'_>) -> bool {
    let qualifiers = || -> syn::Result<()> {
        input.parse::<Option<Token![const]>>()?;
        input.parse::<Option<Token![async]>>()?;
        input.parse::<Option<Token![unsafe]>>()?;
        input.parse::<Option<Abi>>()?;
        Ok(())
    };
    qualifiers().is_ok() && input.peek(Token![fn])
}

impl Body {
    fn parse_optional(input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        if input.parse::<Option<Token![;]>>()?.is_some() {
            return Ok(None);
        }
        let tokens;
        let brace = braced!(tokens in input);
        let tokens = tokens.parse()?;
        Ok(Some(Self { brace, tokens }))
    }

    /// Takes the attributes written inside the body (`#![allow(…)]`) out of it, turned into ones for outside.
    ///
    /// They may only stand first in a function, which they no longer do once the body was moved into a closure.
    pub(crate) fn take_inner_attributes(&mut self) -> Vec<Attribute> {
        let parser = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_inner)?;
            Ok((attributes, input.parse::<TokenStream>()?))
        };
        let Ok((mut attributes, rest)) = parser.parse2(self.tokens.clone()) else {
            return Vec::new();
        };
        self.tokens = rest;
        for attribute in &mut attributes {
            attribute.style = AttrStyle::Outer;
        }
        attributes
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attributes);
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        match &self.body {
            Some(body) => body.to_tokens(tokens),
            None => <Token![;]>::default().to_tokens(tokens),
        }
    }
}

impl ToTokens for Body {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.brace.surround(tokens, |inside| self.tokens.to_tokens(inside));
    }
}
