//! What is generated for a function that can't be a task.

use proc_macro2::TokenStream;
use quote::quote;

use super::check::Refused;
use super::expand;

/// The function, and a task that is there in name only.
///
/// Whoever names the task would otherwise be told, wrongly, that there is none: one mistake is one error.
///
/// ```text
/// // Input:
/// #[airlock::task]
/// fn send(order: &Order) { … }
///
/// // Output:
/// fn send(order: &Order) { … }
///
/// struct send {}
///
/// const _: () = {
///     impl send { … }     // the arguments as the user wrote them; never runs
///     impl airlock::Task for send { … }
/// };
/// ```
pub(super) fn expand(refused: &Refused) -> TokenStream {
    let Refused { krate, function, arguments } = refused;
    let Some(arguments) = arguments else { return quote!(#function) };
    let name = &function.signature.ident;
    let never = quote!(::core::unreachable!());
    let bodies = expand::Bodies { intent: never.clone(), enqueue: never.clone() };
    let methods = expand::declare(krate, function, &quote!((#(_: #arguments),*)), &bodies);
    let marker = expand::marker(
        function,
        &quote! {
            #methods

            impl #krate::Task for #name {
                const NAME: &'static ::core::primitive::str = "";
                type Arguments = ();
                fn info() -> &'static #krate::TaskInfo { #never }
                fn call(_: (), _: &#krate::States) -> #krate::__private::Called { #never }
                fn pool() -> &'static ::std::thread::LocalKey<#krate::__private::Pool<Self>> { #never }
                fn duplicate(_: &()) -> ::core::option::Option<()> { #never }
                fn abilities() -> &'static [#krate::__private::Abilities] { #never }
                fn argument(_: &(), _: ::core::primitive::usize) -> &dyn ::core::any::Any { #never }
            }
        },
    );
    quote!(#function #marker)
}
