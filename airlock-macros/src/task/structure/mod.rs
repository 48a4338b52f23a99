//! From a struct to the task that has its fields as arguments.

mod serde;

use proc_macro2::TokenStream;
use syn::parse::Parser as _;
use syn::{Attribute, Data, DeriveInput, Fields, Meta, Pat, PatIdent, parse_quote};

use self::serde::Names;
use super::parse::{Input, Parameter};
use crate::errors::Errors;
use crate::function::{Body, Function};
use crate::messages;
use crate::options::{Known, Options};

const KNOWN: &[Known] = &[
    Known::value("name", "\"sync_to_git_index\""),
    Known::value("queue", "\"index\""),
    Known::value("max_attempts", "5"),
    Known::value("removed", "[\"note\"]"),
    Known::value("also", "[\"sync_index\"]"),
    Known::flag("best_effort"),
    Known::value("crate", "my_crate::airlock"),
];

/// `None` if the item is no struct of fields with names, which is then reported.
pub(super) fn parse(errors: &Errors, item: TokenStream) -> Option<Input> {
    let item: DeriveInput = syn::parse2(item).map_err(|error| errors.add(error)).ok()?;
    let mut options = Options::parse(errors, "task", KNOWN, options(errors, &item.attrs));
    let krate = options.take_crate(errors);
    let name = options.take_value("name");
    let removed = options.take_value("removed");
    let also = options.take_value("also");
    let best_effort = options.take("best_effort").is_some();
    let calls = options.rest().into_iter();
    let calls = calls.filter_map(|given| Some((given.name, given.value?))).collect();

    let Data::Struct(data) = &item.data else {
        errors.at(&item.ident, messages::DERIVE_STRUCT);
        return None;
    };
    match &data.fields {
        Fields::Named(_) => {}
        Fields::Unnamed(fields) => {
            errors.at(fields, messages::DERIVE_NAMED);
            return None;
        }
        Fields::Unit => {
            errors.at(&item.ident, messages::derive_unit(&item.ident.to_string()));
            return None;
        }
    }
    let names = Names::of(errors, &item.attrs);
    let fields = data.fields.iter().filter_map(|field| parameter(errors, &names, field));
    let parameters = fields.collect();

    Some(Input {
        krate,
        name,
        calls,
        removed,
        also,
        local: false,
        best_effort,
        elsewhere: true,
        function: function(item),
        parameters,
    })
}

/// What stands in `#[task(…)]`.
fn options(errors: &Errors, attributes: &[Attribute]) -> TokenStream {
    let mut given = attributes.iter().filter(|attribute| attribute.path().is_ident("task"));
    let Some(first) = given.next() else { return TokenStream::new() };
    if let Some(second) = given.next() {
        errors.at(second, messages::repeated_marker("task"));
    }
    if let Meta::List(list) = &first.meta {
        return list.tokens.clone();
    }
    errors.at(first, messages::DERIVE_OPTIONS);
    TokenStream::new()
}

/// The field as the parameter of a function would be.
fn parameter(errors: &Errors, names: &Names, field: &syn::Field) -> Option<Parameter> {
    let ident = field.ident.clone()?;
    let seen = names.field(errors, &ident, &field.attrs);
    let (mut secret, mut default) = (None, seen.has_default.then(|| parse_quote!(#[default])));
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("task")) {
        let markers = |input: syn::parse::ParseStream<'_>| {
            while !input.is_empty() {
                let marker: Meta = input.parse()?;
                match &marker {
                    Meta::Path(path) if path.is_ident("secret") => {
                        secret = Some(parse_quote!(#[#marker]));
                    }
                    Meta::Path(path) if path.is_ident("default") => {
                        default = Some(parse_quote!(#[#marker]));
                    }
                    Meta::NameValue(pair) if pair.path.is_ident("default") => {
                        let value = &pair.value;
                        default = Some(parse_quote!(#[default(#value)]));
                    }
                    _ => errors.at(&marker, messages::DERIVE_MARKER),
                }
                input.parse::<Option<syn::Token![,]>>()?;
            }
            Ok(())
        };
        let tokens = attribute.meta.require_list().map(|list| list.tokens.clone());
        if let Err(error) = tokens.and_then(|tokens| markers.parse2(tokens)) {
            errors.add(error);
        }
    }
    let pat = PatIdent { attrs: Vec::new(), by_ref: None, mutability: None, ident, subpat: None };
    Some(Parameter {
        pat: Pat::Ident(pat),
        ty: field.ty.clone(),
        state: None,
        secret,
        default,
        also: None,
        cfg: None,
        renamed: seen.renamed,
    })
}

/// A function of the struct's name, to which all is said of that is said of a function.
fn function(item: DeriveInput) -> Function {
    let DeriveInput { ident, vis, generics, attrs, .. } = item;
    let mut signature: syn::Signature = parse_quote!(fn #ident());
    signature.paren_token = syn::token::Paren(ident.span());
    signature.ident = ident;
    signature.generics = generics;
    let is_ours = |attribute: &Attribute| attribute.path().is_ident("cfg");
    let attributes = attrs.into_iter().filter(is_ours).collect();
    let body = Body { brace: syn::token::Brace::default(), tokens: TokenStream::new() };
    Function { attributes, visibility: vis, signature, body: Some(body) }
}
