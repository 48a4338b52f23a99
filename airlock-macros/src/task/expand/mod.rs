//! From a task to the code that is generated for it.

mod implementation;
mod info;
mod methods;
mod values;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Attribute;
use syn::spanned::Spanned as _;

pub(super) use methods::{Bodies, declare};

use super::check::Task;
use crate::function::Function;

/// The function, the type that is its task, and the implementations of that.
///
/// ```text
/// // Input:
/// #[airlock::task]
/// pub fn send(order_id: u64) { … }
///
/// // Output:
/// pub fn send(order_id: u64) { … }
///
/// pub struct send {}
///
/// const _: () = {
///     impl send { … }
///     impl airlock::Task for send { … }
///     // The types of the arguments are held against their bounds; the task joins the registry.
/// };
/// ```
pub(super) fn expand(task: &Task) -> TokenStream {
    let Task { krate, function, .. } = task;
    let methods = methods::expand(task);
    let implementation = implementation::expand(task);
    let bounds = bounds(task);
    let name = &function.signature.ident;
    let marker = marker(
        function,
        &quote! {
            #methods
            #implementation
            #bounds
            #krate::__private::inventory::submit! {
                #krate::__private::Registration(<#name as #krate::Task>::info)
            }
        },
    );
    // The lints would have the arguments borrowed, the states copied and the function `const`, which a task allows not,
    // and a function that is called once inlined, which is the one call of whoever runs it.
    quote! {
        #[allow(
            clippy::missing_const_for_fn,
            clippy::needless_pass_by_value,
            clippy::single_call_fn,
            clippy::trivially_copy_pass_by_ref,
            reason = "a task owns its arguments and borrows its states, and is called by whoever runs it"
        )]
        #function
        #marker
    }
}

/// The type that is the task, and what is implemented for it.
///
/// Its braces keep the type out of the namespace of values, where the function is; so one `use` imports both. It is
/// declared where the function's name stands, for editors and for rustc's "a struct with a similar name exists".
pub(super) fn marker(function: &Function, implementations: &TokenStream) -> TokenStream {
    let Function { visibility, signature, .. } = function;
    let name = &signature.ident;
    // Said to be generated, for lints on the order of items not to judge where it stands.
    let here = Span::call_site().located_at(name.span());
    let declaration = quote_spanned!(here=> struct #name {});
    let cfgs = forwarded(function, &["cfg"]);
    let implementations = unnamed(function, implementations);
    let documentation = forwarded(function, &["doc", "deprecated"]);
    quote! {
        #(#cfgs)*
        #(#documentation)*
        #[doc(hidden)]
        #[allow(
            dead_code,
            missing_copy_implementations,
            missing_debug_implementations,
            non_camel_case_types,
            unnameable_types,
            unreachable_pub,
            clippy::all,
            clippy::empty_structs_with_brackets,
            clippy::exhaustive_structs,
            clippy::nursery,
            clippy::pedantic,
            reason = "the type is generated, and is named as its function is"
        )]
        #visibility #declaration

        #implementations
    }
}

/// What is implemented, where it can be named by nobody.
fn unnamed(function: &Function, implementations: &TokenStream) -> TokenStream {
    let cfgs = forwarded(function, &["cfg"]);
    quote! {
        #(#cfgs)*
        #[allow(
            dead_code,
            deprecated,
            unreachable_pub,
            clippy::all,
            clippy::nursery,
            clippy::pedantic,
            reason = "the code is generated"
        )]
        const _: () = {
            #implementations
        };
    }
}

/// What is implemented for a struct whose fields are the arguments.
///
/// ```text
/// // Input:
/// #[derive(airlock::Task)]
/// pub struct Sync { krate: String }
///
/// // Output:
/// const _: () = {
///     impl Sync { … }
///     impl airlock::Task for Sync { … }
///     // As for a function.
/// };
/// ```
pub(super) fn of_struct(task: &Task) -> TokenStream {
    let krate = &task.krate;
    let methods = methods::of_struct(task);
    let implementation = implementation::expand(task);
    let bounds = bounds(task);
    let name = &task.function.signature.ident;
    unnamed(
        &task.function,
        &quote! {
            #methods
            #implementation
            #bounds
            #krate::__private::inventory::submit! {
                #krate::__private::Registration(<#name as #krate::Task>::info)
            }
        },
    )
}

/// Holds each argument's type against what an argument must be, so that rustc's message underlines the type.
fn bounds(task: &Task) -> TokenStream {
    let krate = &task.krate;
    if task.local {
        // To be sent and owned, which the trait `Task` asks of them, is all that is asked.
        return TokenStream::new();
    }
    let checks = task.arguments().map(|argument| {
        let ty = &argument.ty;
        quote_spanned!(ty.span()=> #krate::__private::argument::<#ty>();)
    });
    quote!(const _: fn() = || { #(#checks)* };)
}

/// The attributes of the function that go by one of the names.
fn forwarded<'a>(function: &'a Function, names: &'a [&str]) -> impl Iterator<Item = &'a Attribute> {
    function
        .attributes
        .iter()
        .filter(|attribute| names.iter().any(|name| attribute.path().is_ident(name)))
}
