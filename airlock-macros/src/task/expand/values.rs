//! What can be done with the arguments, by what their types can do.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Index;

use crate::spans::variable;
use crate::task::check::Task;

/// ```text
/// // Input:
/// pub fn send(order_id: u64, #[secret] token: String) { … }
///
/// // Output:
/// fn duplicate(arguments: &Self::Arguments) -> Option<Self::Arguments> {
///     use airlock::__private::Unable as _;
///     <Probe<Self::Arguments>>::__AIRLOCK_CLONE.map(|copy| copy(arguments))
/// }
///
/// fn abilities() -> &'static [Abilities] {
///     use airlock::__private::Unable as _;
///     const { &[Abilities { equal: <Probe<u64>>::__AIRLOCK_EQUAL, … }, …] }
/// }
///
/// fn argument(arguments: &Self::Arguments, index: usize) -> &dyn Any {
///     match index { 0 => &arguments.0, 1 => &arguments.1, _ => &() }
/// }
/// ```
pub(super) fn expand(task: &Task) -> TokenStream {
    let krate = &task.krate;
    let (arguments, copy, index) = (variable("arguments"), variable("copy"), variable("index"));
    let types: Vec<_> = task.arguments().map(|argument| &argument.ty).collect();
    let abilities = types.iter().map(|ty| {
        let probe = quote!(<#krate::__private::Probe<#ty>>);
        quote! {
            #krate::__private::Abilities {
                equal: #probe::__AIRLOCK_EQUAL,
                hash: #probe::__AIRLOCK_HASH,
                debug: #probe::__AIRLOCK_DEBUG,
                tree: #probe::__AIRLOCK_TREE,
                schema: #probe::__AIRLOCK_SCHEMA,
            }
        }
    });
    let places = (0..types.len()).map(|place| {
        let field = Index::from(place);
        quote!(#place => &#arguments.#field)
    });
    quote! {
        fn duplicate(#arguments: &Self::Arguments) -> ::core::option::Option<Self::Arguments> {
            #[allow(unused_imports, reason = "the trait is of use where the type can do less")]
            use #krate::__private::Unable as _;
            match <#krate::__private::Probe<(#(#types,)*)>>::__AIRLOCK_CLONE {
                ::core::option::Option::Some(#copy) => ::core::option::Option::Some(#copy(#arguments)),
                ::core::option::Option::None => ::core::option::Option::None,
            }
        }

        fn abilities() -> &'static [#krate::__private::Abilities] {
            #[allow(unused_imports, reason = "the trait is of use where the type can do less")]
            use #krate::__private::Unable as _;
            const { &[#(#abilities),*] }
        }

        fn argument(
            #arguments: &Self::Arguments,
            #index: ::core::primitive::usize,
        ) -> &dyn ::core::any::Any {
            match #index {
                #(#places,)*
                _ => &(),
            }
        }
    }
}
