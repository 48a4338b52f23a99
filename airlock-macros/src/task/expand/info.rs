//! What is known of the task before it runs: `Task::info`.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use crate::expression;
use crate::spans::Spans;
use crate::task::check::{DefaultValue, Role, Task};
use crate::written::written;

/// ```text
/// // Input:
/// #[airlock::task(queue = "emails", max_attempts = 5, removed = ["note"])]
/// pub async fn send(#[state] smtp: &Smtp, #[default] order_id: u64, #[secret] token: String) { … }
///
/// // Output:
/// fn info() -> &'static airlock::TaskInfo {
///     static INFO: airlock::TaskInfo = Definition::of::<send>(
///         Place::new(file!(), line!(), column!()),
///         &[
///             Parameter::new("order_id", "u64").with_default("Default::default()", true),
///             Parameter::secret("token", "String"),
///         ],
///     )
///     .wire(Wired::<send>::__AIRLOCK_WIRE)
///     .default_name()
///     .queue("emails")
///     .max_attempts(5)
///     .removed(&["note"])
///     .asynchronous()
///     .states(&[StateKey::of::<Smtp>()])
///     .info();
///     &INFO
/// }
/// ```
pub(super) fn expand(task: &Task) -> TokenStream {
    let krate = &task.krate;
    let name = &task.function.signature.ident;
    let place = place(task);
    let parameters = parameters(task);
    let wire = wire(task);
    let options = options(task);
    // At the name that is given, for rustc to underline it when it is a constant that can't be one.
    let given = task.name.as_ref().map(Spans::of);
    let Spans { first, last } = given.unwrap_or_else(|| Spans::of(TokenStream::new()));
    let of = quote_spanned!(first=> __AirlockDefinition::of::<#name>);
    let arguments = quote_spanned!(last=> (#place, #parameters));
    quote! {
        fn info() -> &'static #krate::TaskInfo {
            use #krate::__private::Definition as __AirlockDefinition;
            // A name that the user's own constants, which the options may name, don't have.
            static __AIRLOCK_INFO: #krate::TaskInfo = #of #arguments #wire #options .info();
            &__AIRLOCK_INFO
        }
    }
}

/// Where the function's name stands: the macros give the place that their own tokens are said to come from.
fn place(task: &Task) -> TokenStream {
    let krate = &task.krate;
    let here = task.function.signature.ident.span();
    let place = quote_spanned!(here=> ::core::file!(), ::core::line!(), ::core::column!());
    quote!(#krate::Place::new(#place))
}

fn parameters(task: &Task) -> TokenStream {
    let krate = &task.krate;
    let parameters = task.arguments().map(|argument| {
        let name = Literal::string(&argument.wire_name());
        let ty = Literal::string(&written(&argument.ty));
        let default = argument.default.as_ref().map(|default| {
            let code = match default {
                _ if matches!(argument.role, Role::Secret) => "[secret]".to_owned(),
                DefaultValue::OfType => "Default::default()".to_owned(),
                DefaultValue::Written(code) => written(code),
            };
            let steady = is_steady(default);
            quote!(.with_default(#code, #steady))
        });
        let also = &argument.also;
        let also = (!also.is_empty()).then(|| quote!(.with_also(&[#(#also),*])));
        match argument.role {
            Role::Secret => quote!(#krate::Parameter::secret(#name, #ty) #default #also),
            Role::Argument | Role::State(_) => {
                quote!(#krate::Parameter::new(#name, #ty) #default #also)
            }
        }
    });
    quote!(&[#(#parameters),*])
}

/// Whether a default is the same in every run, as far as its code can tell.
fn is_steady(default: &DefaultValue) -> bool {
    match default {
        DefaultValue::OfType => true,
        DefaultValue::Written(code) => expression::is_steady(code),
    }
}

/// The way to JSON, which a local task has none of.
///
/// Nor do arguments that aren't serialisable: that is an error already, on the argument's type.
fn wire(task: &Task) -> Option<TokenStream> {
    let krate = &task.krate;
    let name = &task.function.signature.ident;
    let wire = quote!({
        use #krate::__private::Unwired as _;
        #krate::__private::Wired::<#name>::__AIRLOCK_WIRE
    });
    (!task.local).then(|| quote!(.wire(#wire)))
}

/// Method calls on the user's own tokens: rustc checks the types and underlines what is wrong.
fn options(task: &Task) -> TokenStream {
    let krate = &task.krate;
    let mut calls: TokenStream =
        task.calls.iter().map(|(method, value)| quote!(.#method(#value))).collect();
    if task.name.is_none() {
        calls.extend(quote!(.default_name()));
    }
    let removed = &task.removed;
    if !removed.is_empty() {
        calls.extend(quote!(.removed(&[#(#removed),*])));
    }
    let also = &task.also;
    if !also.is_empty() {
        calls.extend(quote!(.also(&[#(#also),*])));
    }
    if task.elsewhere {
        calls.extend(quote!(.elsewhere()));
    }
    if task.best_effort {
        calls.extend(quote!(.best_effort()));
    }
    if task.function.signature.asyncness.is_some() {
        calls.extend(quote!(.asynchronous()));
    }
    let keys: Vec<_> = task
        .states()
        .map(|state| quote_spanned!(state.span()=> #krate::__private::StateKey::of::<#state>()))
        .collect();
    if !keys.is_empty() {
        calls.extend(quote!(.states(&[#(#keys),*])));
    }
    calls
}
