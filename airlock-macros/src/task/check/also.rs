//! What a task and its arguments were called before.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, LitStr, Token};

use super::Parameter;
use crate::errors::Errors;
use crate::expression::{bare, text};
use crate::messages;

/// The former names of the task, in quotes; those that can't be are reported and left out.
pub(super) fn of_task(
    errors: &Errors,
    also: Option<Expr>,
    name: Option<&Expr>,
    local: bool,
) -> Vec<LitStr> {
    let Some(also) = also else { return Vec::new() };
    if local {
        errors.at(&also, messages::ALSO_LOCAL);
    }
    let Expr::Array(list) = bare(&also) else {
        errors.at(&also, messages::ALSO_NEEDS_NAMES);
        return Vec::new();
    };
    let names = names(errors, &list.elems, messages::ALSO_NEEDS_NAMES);
    let own = name.and_then(text).map(LitStr::value);
    for former in names.iter().filter(|former| Some(former.value()) == own) {
        errors.at(former, messages::also_is_here(&former.value()));
    }
    names
}

/// The former names of an argument: `#[also("old_name")]`.
pub(super) fn of_parameter(errors: &Errors, also: &Attribute) -> Vec<LitStr> {
    match also.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
        Ok(list) if !list.is_empty() => names(errors, &list, messages::ALSO_ARGUMENT),
        _ => {
            errors.at(also, messages::ALSO_ARGUMENT);
            Vec::new()
        }
    }
}

/// No message may have two arguments for one parameter's place.
pub(super) fn among(errors: &Errors, parameters: &[Parameter]) {
    for (index, parameter) in parameters.iter().enumerate() {
        for former in &parameter.also {
            let taken = |other: &Parameter| {
                let mut also = other.also.iter();
                other.wire_name() == former.value()
                    || also.any(|also| also.value() == former.value())
            };
            let others = parameters.iter().enumerate().filter(|(other, _)| *other < index);
            let is_own = parameter.wire_name() == former.value();
            let later = parameters.iter().skip(index + 1);
            let is_later = later.into_iter().any(|other| other.wire_name() == former.value());
            if is_own || is_later || others.into_iter().any(|(_, other)| taken(other)) {
                errors.at(former, messages::also_is_here(&former.value()));
            }
        }
    }
}

fn names(errors: &Errors, list: &Punctuated<Expr, Token![,]>, needed: &'static str) -> Vec<LitStr> {
    let mut names: Vec<LitStr> = Vec::new();
    for name in list {
        match text(name) {
            Some(name) if name.value().is_empty() => errors.at(name, needed),
            Some(name) if names.iter().any(|other| other.value() == name.value()) => {
                errors.at(name, messages::removed_twice(&name.value()));
            }
            Some(name) => names.push(name.clone()),
            None => errors.at(name, needed),
        }
    }
    names
}
