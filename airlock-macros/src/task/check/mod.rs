//! From what the user wrote to a task, or to the reasons why it can't be one.

mod also;
mod logged;
mod parameter;
mod removed;

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt as _;
use syn::{Expr, GenericParam, Generics, Lit, LitStr, ReturnType, Safety, Signature, Type};

use super::parse::{Input, Parameter as Written};
use crate::errors::Errors;
use crate::expression::{literal, text};
use crate::function::Function;
use crate::messages;
use crate::types::Future;
use crate::written::written;

/// A function that can be a task.
pub(crate) struct Task {
    pub(crate) krate: TokenStream,
    pub(crate) name: Option<Expr>,
    pub(crate) calls: Vec<(Ident, Expr)>,
    /// The names of arguments that messages of older binaries still carry.
    pub(crate) removed: Vec<LitStr>,
    /// The names that the task had.
    pub(crate) also: Vec<LitStr>,
    pub(crate) local: bool,
    pub(crate) best_effort: bool,
    pub(crate) elsewhere: bool,
    pub(crate) function: Function,
    pub(crate) parameters: Vec<Parameter>,
}

/// A parameter of a task, under a name that it can be called by.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) role: Role,
    /// What an argument is that a message does not have.
    pub(crate) default: Option<DefaultValue>,
    /// What it is called on the wire, if not by its name.
    pub(crate) renamed: Option<String>,
    /// What it was called on the wire.
    pub(crate) also: Vec<LitStr>,
}

/// What an argument is by default.
pub(crate) enum DefaultValue {
    /// The `Default` of its type.
    OfType,
    Written(Box<Expr>),
}

/// What a parameter is for.
pub(crate) enum Role {
    Argument,
    /// An argument that is never shown.
    Secret,
    /// Supplied by the executor; the type is the one behind the `&`.
    State(Box<Type>),
}

/// A function that can't be a task; why, was reported.
pub(crate) struct Refused {
    pub(crate) krate: TokenStream,
    pub(crate) function: Function,
    /// The types of the arguments, unless even a stand-in for the task would be a mistake of its own.
    pub(crate) arguments: Option<Vec<Type>>,
}

impl Parameter {
    /// What it is called on the wire.
    pub(crate) fn wire_name(&self) -> String {
        self.renamed.clone().unwrap_or_else(|| self.name.unraw().to_string())
    }
}

impl Task {
    /// The parameters that whoever enqueues supplies.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| !matches!(parameter.role, Role::State(_)))
    }

    /// The types of the parameters that the executor supplies.
    pub(crate) fn states(&self) -> impl Iterator<Item = &Type> {
        self.parameters.iter().filter_map(|parameter| match &parameter.role {
            Role::State(ty) => Some(ty.as_ref()),
            Role::Argument | Role::Secret => None,
        })
    }
}

/// Reports everything that is wrong with the function at once.
pub(crate) fn check(errors: &Errors, input: Input) -> Result<Task, Box<Refused>> {
    let Input { krate, mut name, mut calls, removed, also, local, best_effort, elsewhere, .. } =
        input;
    let Input { function, parameters, .. } = input;
    check_name(errors, &mut name);
    check_queue(errors, &mut calls);
    check_attempts(errors, &mut calls);

    let before = errors.count();
    check_receiver(errors, &function.signature);
    check_qualifiers(errors, &function.signature);
    check_generics(errors, &function.signature.generics, &parameters);
    let checked =
        parameters.iter().filter_map(|parameter| parameter::check(errors, parameter, local));
    let checked: Vec<Parameter> = checked.collect();
    check_count(errors, &checked);
    let removed = removed::check(errors, removed, &checked, local);
    let also = also::of_task(errors, also, name.as_ref(), local);
    also::among(errors, &checked);
    check_return(errors, &function.signature.output);
    check_body(errors, &function);
    logged::check(errors, &function, &checked);

    if errors.count() == before {
        return Ok(Task {
            krate,
            name,
            calls,
            removed,
            also,
            local,
            best_effort,
            elsewhere,
            function,
            parameters: checked,
        });
    }
    let stands_alone = function.signature.receiver().is_none()
        && function.body.is_some()
        && parameters.iter().all(|parameter| parameter.cfg.is_none());
    let arguments = parameters.into_iter().filter(|parameter| parameter.state.is_none());
    let arguments = stands_alone.then(|| arguments.map(|parameter| parameter.ty).collect());
    Err(Box::new(Refused { krate, function, arguments }))
}

/// An empty name is reported and forgotten; any other is for rustc to check, and what a constant names for `Definition`.
fn check_name(errors: &Errors, name: &mut Option<Expr>) {
    if let Some(text) = name.as_ref().and_then(text)
        && text.value().is_empty()
    {
        errors.at(text, messages::EMPTY_NAME);
        *name = None;
    }
}

/// As an empty name.
fn check_queue(errors: &Errors, calls: &mut Vec<(Ident, Expr)>) {
    calls.retain(|(option, value)| {
        let empty = text(value).filter(|text| option == "queue" && text.value().is_empty());
        if let Some(text) = empty {
            errors.at(text, messages::EMPTY_QUEUE);
        }
        empty.is_none()
    });
}

/// A literal 0 is reported and forgotten; any other number is for rustc to check, and a constant for `Definition`.
fn check_attempts(errors: &Errors, calls: &mut Vec<(Ident, Expr)>) {
    calls.retain(|(option, value)| {
        let is_zero = option == "max_attempts"
            && matches!(literal(value), Some(Lit::Int(number)) if number.base10_digits() == "0");
        if is_zero {
            errors.at(value, messages::NO_ATTEMPT);
        }
        !is_zero
    });
}

fn check_receiver(errors: &Errors, signature: &Signature) {
    if let Some(receiver) = signature.receiver() {
        errors.at(receiver, messages::METHOD);
    }
}

fn check_qualifiers(errors: &Errors, signature: &Signature) {
    if let Some(constness) = &signature.constness {
        errors.at(constness, messages::CONST_FN);
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        errors.at(unsafety, messages::UNSAFE_FN);
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, messages::EXTERN_FN);
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, messages::VARIADIC);
    }
}

fn check_generics(errors: &Errors, generics: &Generics, parameters: &[Written]) {
    let lifetime = |parameter: &GenericParam| matches!(parameter, GenericParam::Lifetime(_));
    if !generics.params.iter().all(lifetime) {
        errors.at(&generics.params, messages::GENERIC);
    } else if !generics.params.is_empty() {
        // The parameter that uses the lifetime is the mistake; without it, the lifetime would not be there.
        if !parameters.iter().any(|parameter| written(&parameter.ty).contains('\'')) {
            errors.at(&generics.params, messages::GENERIC_LIFETIME);
        }
    } else if let Some(clause) = &generics.where_clause {
        errors.at(clause, messages::WHERE_CLAUSE);
    }
}

fn check_count(errors: &Errors, parameters: &[Parameter]) {
    let is_argument = |parameter: &&Parameter| !matches!(parameter.role, Role::State(_));
    if let Some(surplus) = parameters.iter().filter(is_argument).nth(messages::MOST_ARGUMENTS) {
        errors.at(&surplus.name, messages::TOO_MANY_ARGUMENTS);
    }
}

/// Futures only: what else can't be returned, rustc says through the trait `TaskReturn`.
fn check_return(errors: &Errors, output: &ReturnType) {
    if let ReturnType::Type(_, ty) = output
        && Future::of(ty).is_some()
    {
        errors.at(ty, messages::RETURNS_FUTURE);
    }
}

fn check_body(errors: &Errors, function: &Function) {
    if function.body.is_none() {
        errors.at(&function.signature, messages::not_a_function("task"));
    }
}
