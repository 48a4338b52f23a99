//! Putting something around the body of a function, whatever kind of function it is.

mod body;
mod shape;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::{Attribute, Meta, ReturnType, Type};

use self::shape::Shape;
use crate::errors::Errors;
use crate::function::{Body, Function};
use crate::spans::Spans;
use crate::{messages, types};

/// A function whose body is to run inside something.
pub(crate) struct Wrapped {
    function: Function,
    body: Body,
    shape: Shape,
}

/// The body, as a value to be run.
pub(crate) enum Inside {
    /// A closure: `move || -> T { … }`.
    Closure(TokenStream),
    /// A future: `async move { … }`.
    Future(TokenStream),
}

/// The value of generated code: by `return`, for who lints for that would be shown the attribute.
pub(crate) fn returned(value: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        #[allow(clippy::needless_return, reason = "the code is generated")]
        return #value;
    }
}

/// Whether it is `#[track_caller]`, in some builds or in all.
fn tracks_caller(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let mut words = list.tokens.clone().into_iter();
            words.any(|word| matches!(word, TokenTree::Ident(word) if word == "track_caller"))
        }
        meta => meta.path().is_ident("track_caller"),
    }
}

impl Wrapped {
    /// A function that `attribute` stands on; if it has no body to wrap, that is reported.
    pub(crate) fn check(errors: &Errors, attribute: &str, mut function: Function) -> Option<Self> {
        if let Some(constness) = &function.signature.constness {
            errors.at(constness, messages::wrapped_const_fn(attribute));
            return None;
        }
        let Some(mut body) = function.body.take() else {
            errors.at(&function.signature, messages::no_body(attribute));
            return None;
        };
        function.attributes.extend(body.take_inner_attributes());
        for tracked in function.attributes.extract_if(.., |attribute| tracks_caller(attribute)) {
            errors.at(tracked, messages::wrapped_track_caller(attribute));
        }
        let shape = Shape::of(&function.signature);
        Some(Self { function, body, shape })
    }

    /// Whether the function returns `!`.
    pub(crate) fn never_returns(&self) -> bool {
        let output = &self.function.signature.output;
        matches!(output, ReturnType::Type(_, ty) if matches!(types::bare(ty), Type::Never(_)))
    }

    /// The place to underline when the type of the body's value is wrong: the name of its error, or its own.
    pub(crate) fn value_span(&self) -> Span {
        let output = &self.function.signature.output;
        let value = match (&self.shape, output) {
            (Shape::Opaque(Some(value)) | Shape::Boxed(Some(value)), _) => value,
            (_, ReturnType::Type(_, ty)) => ty,
            (_, ReturnType::Default) => return self.function.signature.ident.span(),
        };
        let wrong = types::result_error(value).unwrap_or(value);
        match types::last_segment(wrong) {
            Some(name) => name.ident.span(),
            None => Spans::of(wrong).first,
        }
    }

    /// The function, with what `around` makes of the body as its new body.
    ///
    /// ```text
    /// // Input:
    /// fn f() -> T { BODY }
    /// async fn f() -> T { BODY }
    /// fn f() -> impl Future<Output = T> { BODY }
    /// fn f() -> Pin<Box<dyn Future<Output = T>>> { BODY }
    ///
    /// // Output:
    /// fn f() -> T { AROUND(move || -> T { BODY }) }
    /// async fn f() -> T { AROUND(async move { BODY }) }
    /// fn f() -> impl Future<Output = T> { async move { AROUND(async move { BODY.await }) } }
    /// fn f() -> Pin<Box<dyn Future<Output = T>>> { Box::pin(async move { AROUND(async move { BODY.await }) }) }
    /// ```
    pub(crate) fn expand(self, around: impl FnOnce(Inside) -> TokenStream) -> Function {
        let Self { mut function, body, shape } = self;
        let brace = body.brace;
        let inside = body::inside(&shape, &function.signature.output, &body);
        let around = around(inside);
        let here = Span::mixed_site();
        let tokens = match shape {
            Shape::Sync | Shape::Async => around,
            // In two steps, because clippy would have a body that is one `async` block be an `async fn`.
            Shape::Opaque(_) => {
                let future = returned(&quote_spanned!(here=> future));
                quote_spanned! {here=>
                    let future = async move { #around };
                    #future
                }
            }
            Shape::Boxed(_) => {
                returned(&quote_spanned!(here=> ::std::boxed::Box::pin(async move { #around })))
            }
        };
        function.body = Some(Body { brace, tokens });
        function
    }
}
