//! From tokens to what the user wrote, still unjudged.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Expr, FnArg, Meta, Pat, PatType, Type};

use crate::errors::Errors;
use crate::function::Function;
use crate::messages;
use crate::options::{Known, Options};

const KNOWN: &[Known] = &[
    Known::value("name", "\"mail.confirmation\""),
    Known::value("queue", "\"emails\""),
    Known::value("max_attempts", "5"),
    Known::value("removed", "[\"note\"]"),
    Known::value("also", "[\"mail.confirm\"]"),
    Known::flag("local"),
    Known::flag("best_effort"),
    Known::value("crate", "my_crate::airlock"),
];

/// A function under `#[airlock::task]`.
pub(crate) struct Input {
    pub(crate) krate: TokenStream,
    pub(crate) name: Option<Expr>,
    /// Options that are methods of the definition: `queue`, `max_attempts`.
    pub(crate) calls: Vec<(Ident, Expr)>,
    /// The names of arguments that the task had.
    pub(crate) removed: Option<Expr>,
    /// The names that the task had.
    pub(crate) also: Option<Expr>,
    pub(crate) local: bool,
    pub(crate) best_effort: bool,
    /// Whether it is a struct, of which nobody knows here how it is run.
    pub(crate) elsewhere: bool,
    /// Without the `#[state]`, `#[secret]` and `#[default]` of its parameters, which rustc doesn't know.
    pub(crate) function: Function,
    /// Without the receiver.
    pub(crate) parameters: Vec<Parameter>,
}

/// A parameter and the attributes on it that matter.
pub(crate) struct Parameter {
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
    pub(crate) state: Option<Attribute>,
    pub(crate) secret: Option<Attribute>,
    pub(crate) default: Option<Attribute>,
    pub(crate) also: Option<Attribute>,
    pub(crate) cfg: Option<Attribute>,
    /// What it is called on the wire, if not as it is here.
    pub(crate) renamed: Option<String>,
}

impl Input {
    /// `None` if the item isn't a function with a body, which is then reported.
    pub(crate) fn parse(errors: &Errors, options: TokenStream, item: TokenStream) -> Option<Self> {
        let mut options = Options::parse(errors, "task", KNOWN, options);
        let krate = options.take_crate(errors);
        let name = options.take_value("name");
        let removed = options.take_value("removed");
        let also = options.take_value("also");
        let local = options.take("local").is_some();
        let best_effort = options.take("best_effort").is_some();
        let calls = options.rest().into_iter();
        let calls = calls.filter_map(|given| Some((given.name, given.value?))).collect();

        let elsewhere = false;

        let mut function = Function::parse_item(errors, "task", item)?;
        let parameters = function.signature.inputs.iter_mut();
        let parameters = parameters.filter_map(|input| match input {
            FnArg::Typed(typed) => Some(Parameter::parse(errors, typed)),
            FnArg::Receiver(_) => None,
        });
        let parameters = parameters.collect();
        Some(Self {
            krate,
            name,
            calls,
            removed,
            also,
            local,
            best_effort,
            elsewhere,
            function,
            parameters,
        })
    }
}

impl Parameter {
    fn parse(errors: &Errors, typed: &mut PatType) -> Self {
        let state = take_bare(errors, "state", &mut typed.attrs);
        let secret = take_bare(errors, "secret", &mut typed.attrs);
        let default = take_marker(errors, "default", &mut typed.attrs);
        let also = take_marker(errors, "also", &mut typed.attrs);
        let cfg = typed.attrs.iter().find(|attribute| attribute.path().is_ident("cfg"));
        Self {
            pat: (*typed.pat).clone(),
            ty: (*typed.ty).clone(),
            state,
            secret,
            default,
            also,
            cfg: cfg.cloned(),
            renamed: None,
        }
    }
}

/// Takes `#[name]` out of the attributes, which takes nothing.
fn take_bare(errors: &Errors, name: &str, attributes: &mut Vec<Attribute>) -> Option<Attribute> {
    let marker = take_marker(errors, name, attributes)?;
    if !matches!(marker.meta, Meta::Path(_)) {
        errors.at(&marker, messages::marker_takes_nothing(name));
    }
    Some(marker)
}

/// Takes `#[name]` out of the attributes, whatever stands in its parentheses.
fn take_marker(errors: &Errors, name: &str, attributes: &mut Vec<Attribute>) -> Option<Attribute> {
    let markers = attributes.extract_if(.., |attribute| attribute.path().is_ident(name));
    let mut taken = None;
    for marker in markers {
        if taken.is_some() {
            errors.at(&marker, messages::repeated_marker(name));
        }
        taken = Some(marker);
    }
    taken
}
