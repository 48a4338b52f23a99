//! `send::intent(…)` and `send::enqueue(…)`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::forwarded;
use crate::function::Function;
use crate::task::check::Task;

/// ```text
/// // Input:
/// pub async fn send(#[state] smtp: &Smtp, order_id: u64, #[secret] token: String) { … }
///
/// // Output:
/// impl send {
///     pub fn intent(order_id: u64, token: String) -> airlock::Intent { … }
///     pub fn enqueue(order_id: u64, token: String) -> Result<(), airlock::EnqueueError> { … }
/// }
/// ```
pub(super) fn expand(task: &Task) -> TokenStream {
    let Task { krate, function, .. } = task;
    let names: Vec<_> = task.arguments().map(|argument| &argument.name).collect();
    let types = task.arguments().map(|argument| &argument.ty);
    let bodies = Bodies {
        intent: quote!(#krate::__private::intent::<Self>((#(#names,)*))),
        enqueue: quote!(#krate::__private::enqueue::<Self>((#(#names,)*))),
    };
    declare(krate, function, &quote!((#(#names: #types),*)), &bodies)
}

/// ```text
/// // Input:
/// #[derive(airlock::Task)]
/// pub struct Sync { krate: String }
///
/// // Output:
/// impl Sync {
///     pub fn intent(self) -> airlock::Intent { … }
/// }
/// ```
///
/// No `enqueue`: a struct that is a job often has one, of its own or a trait's, which this would hide.
pub(super) fn of_struct(task: &Task) -> TokenStream {
    let Task { krate, function, .. } = task;
    let Function { visibility, signature, .. } = function;
    let name = &signature.ident;
    let fields: Vec<_> = task.arguments().map(|argument| &argument.name).collect();
    let intent = Ident::new("intent", name.span());
    quote! {
        impl #name {
            /// The wish that this job is run, to be enqueued when its options are set.
            #[inline]
            #[track_caller]
            #visibility fn #intent(self) -> #krate::Intent {
                let Self { #(#fields),* } = self;
                #krate::__private::intent::<Self>((#(#fields,)*))
            }
        }
    }
}

/// What stands inside the two functions.
pub(crate) struct Bodies {
    pub(crate) intent: TokenStream,
    pub(crate) enqueue: TokenStream,
}

/// The two functions, with the visibility and the documentation of the task's own.
pub(crate) fn declare(
    krate: &TokenStream,
    function: &Function,
    parameters: &TokenStream,
    bodies: &Bodies,
) -> TokenStream {
    let Function { visibility, signature, .. } = function;
    let name = &signature.ident;
    let (generics, _, clause) = signature.generics.split_for_impl();
    let documentation: Vec<_> = forwarded(function, &["doc"]).collect();
    let Bodies { intent, enqueue } = bodies;
    // Declared where the task's name stands, which is what rustc shows of them when a call is wrong.
    let intent_name = Ident::new("intent", name.span());
    let enqueue_name = Ident::new("enqueue", name.span());
    quote! {
        impl #name {
            /// The wish to run this task, with these arguments, to be enqueued when its options are set.
            ///
            #(#documentation)*
            #[inline]
            #[track_caller]
            #visibility fn #intent_name #generics #parameters -> #krate::Intent #clause {
                #intent
            }

            /// Enqueues the wish to run this task, with these arguments, into the current scope.
            ///
            #(#documentation)*
            ///
            /// # Errors
            ///
            /// Outside a scope, inside a policy, or where the scope doesn't take it.
            #[inline]
            #[track_caller]
            #visibility fn #enqueue_name #generics #parameters
                -> ::core::result::Result<(), #krate::EnqueueError>
            #clause
            {
                #enqueue
            }
        }
    }
}
