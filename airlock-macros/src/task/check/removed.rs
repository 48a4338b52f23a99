//! Which arguments a task had.

use syn::{Expr, LitStr};

use super::Parameter;
use crate::errors::Errors;
use crate::expression::{bare, text};
use crate::messages;

/// The names that are listed, in quotes; those that can't be are reported and left out.
pub(super) fn check(
    errors: &Errors,
    removed: Option<Expr>,
    parameters: &[Parameter],
    local: bool,
) -> Vec<LitStr> {
    let Some(removed) = removed else { return Vec::new() };
    if local {
        errors.at(&removed, messages::REMOVED_LOCAL);
    }
    let Expr::Array(list) = bare(&removed) else {
        errors.at(&removed, messages::REMOVED_NEEDS_NAMES);
        return Vec::new();
    };
    let mut names: Vec<LitStr> = Vec::new();
    for name in &list.elems {
        let Some(name) = text(name) else {
            errors.at(name, messages::REMOVED_NEEDS_NAMES);
            continue;
        };
        let text = name.value();
        if parameters.iter().any(|parameter| parameter.wire_name() == text) {
            errors.at(name, messages::removed_is_here(&text));
        } else if names.iter().any(|other| other.value() == text) {
            errors.at(name, messages::removed_twice(&text));
        } else {
            names.push(name.clone());
        }
    }
    names
}
