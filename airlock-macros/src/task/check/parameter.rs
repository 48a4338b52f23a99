//! What a parameter of a task may be.

use proc_macro2::Ident;
use syn::{Attribute, Meta, Pat, Type};

use super::{DefaultValue, Parameter, Role, also};
use crate::errors::Errors;
use crate::messages;
use crate::task::parse::Parameter as Written;
use crate::types;
use crate::written::written;

/// `None` if the parameter has no name or no role, which is then reported.
pub(super) fn check(errors: &Errors, parameter: &Written, local: bool) -> Option<Parameter> {
    if let Some(cfg) = &parameter.cfg {
        errors.at(cfg, messages::CFG_PARAMETER);
    }
    let name = check_pattern(errors, &parameter.pat);
    let default = parameter.default.as_ref();
    if let Some(default) = default {
        if parameter.state.is_some() {
            errors.at(default, messages::STATE_AND_DEFAULT);
        } else if local {
            errors.at(default, messages::DEFAULT_LOCAL);
        }
    }
    let default = default.and_then(|default| check_default(errors, default));
    let role = if parameter.state.is_some() {
        if let Some(secret) = &parameter.secret {
            errors.at(secret, messages::STATE_AND_SECRET);
        }
        check_state(errors, &parameter.ty)?
    } else {
        check_argument(errors, &parameter.ty, local);
        if parameter.secret.is_some() { Role::Secret } else { Role::Argument }
    };
    let also = parameter.also.as_ref();
    if let Some(also) = also.filter(|_| parameter.state.is_some() || local) {
        errors.at(also, if local { messages::ALSO_LOCAL } else { messages::ALSO_STATE });
    }
    let also = also.map(|also| also::of_parameter(errors, also)).unwrap_or_default();
    let renamed = parameter.renamed.clone();
    Some(Parameter { name: name?, ty: parameter.ty.clone(), role, default, renamed, also })
}

/// What stands in the parentheses of `#[default]`, if they are there: whether it is of the type, rustc says.
fn check_default(errors: &Errors, default: &Attribute) -> Option<DefaultValue> {
    match &default.meta {
        Meta::Path(_) => return Some(DefaultValue::OfType),
        Meta::List(list) if !list.tokens.is_empty() => match default.parse_args() {
            Ok(value) => return Some(DefaultValue::Written(Box::new(value))),
            Err(error) => errors.add(error),
        },
        _ => errors.at(default, messages::DEFAULT_VALUE),
    }
    None
}

/// The name of the parameter, which becomes the argument's.
fn check_pattern(errors: &Errors, pat: &Pat) -> Option<Ident> {
    match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(pat.ident.clone()),
        Pat::Wild(_) => {
            errors.at(pat, messages::UNNAMED);
            None
        }
        _ => {
            errors.at(pat, messages::pattern(&written(pat)));
            None
        }
    }
}

/// An argument waits in a buffer, possibly for longer than anything it could borrow from.
fn check_argument(errors: &Errors, ty: &Type, local: bool) {
    let text = written(ty);
    if types::has_impl_trait(ty) {
        errors.at(ty, messages::impl_trait(&text));
        return;
    }
    let reference = match types::bare(ty) {
        // What is borrowed for ever could wait, but not come back from JSON.
        Type::Reference(reference) if !local || types::borrows(ty) => Some(reference),
        _ if types::borrows(ty) => None,
        _ => return,
    };
    let owned = types::owned(ty);
    let instead = written(&owned);
    let message = match reference {
        // One that is only read may be data by that name, such as a bank's transaction.
        Some(reference) if reference.mutability.is_some() && types::is_connection(&owned) => {
            messages::connection(&text)
        }
        _ if types::borrows(&owned) && types::is_connection(&owned) => messages::connection(&text),
        _ if types::borrows(&owned) => messages::borrows_inside(&text),
        Some(reference) if reference.mutability.is_some() => {
            messages::borrowed_mutably(&text, &instead)
        }
        Some(reference) if written(types::bare(&reference.elem)) == instead => {
            messages::borrowed_value(&text, &instead)
        }
        _ => messages::borrowed(&text, &instead),
    };
    errors.at(ty, message);
}

/// A state is lent by the executor to each run of the task.
fn check_state(errors: &Errors, ty: &Type) -> Option<Role> {
    let Type::Reference(reference) = types::bare(ty) else {
        errors.at(ty, messages::state_by_value(&written(ty)));
        return None;
    };
    let state = types::bare(&reference.elem);
    let text = written(state);
    if let Some(sized) = types::sized(state) {
        errors.at(ty, messages::state_unsized(&written(sized)));
    } else if reference.mutability.is_some() {
        errors.at(ty, messages::state_mutable(&text));
    } else if reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident != "_") {
        errors.at(ty, messages::state_lifetime(&text));
    } else if types::borrows(state) {
        errors.at(ty, messages::state_borrows(&text));
    } else {
        return Some(Role::State(Box::new(state.clone())));
    }
    None
}
