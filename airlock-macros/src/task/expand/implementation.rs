//! `impl airlock::Task for send`.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Index, ReturnType};

use super::{info, values};
use crate::spans::{Spans, variable};
use crate::task::check::{DefaultValue, Role, Task};

/// ```text
/// // Input:
/// pub fn send(order_id: u64, #[secret] token: String) { … }
///
/// // Output:
/// impl airlock::Task for send {
///     const NAME: &'static str = concat!(module_path!(), "::", "send");
///     type Arguments = (u64, String,);
///     fn info() -> &'static airlock::TaskInfo { … }
///     fn call(arguments: Self::Arguments, states: &airlock::States) -> Called { … }
///     fn pool() -> &'static LocalKey<Pool<Self>> { … }
///     fn duplicate(arguments: &Self::Arguments) -> Option<Self::Arguments> { … }
///     fn abilities() -> &'static [Abilities] { … }
///     fn argument(arguments: &Self::Arguments, index: usize) -> &dyn Any { … }
/// }
/// ```
pub(super) fn expand(task: &Task) -> TokenStream {
    let krate = &task.krate;
    let marker = &task.function.signature.ident;
    let name = name(task);
    let types = task.arguments().map(|argument| &argument.ty);
    // At the place of the parameters, which rustc underlines when one of the types isn't `Send`.
    let here = task.function.signature.paren_token.span.join();
    let types = quote_spanned!(here=> (#(#types,)*));
    let info = info::expand(task);
    let call = call(task);
    let pool = pool(task);
    let defaults = defaults(task);
    let values = values::expand(task);
    quote! {
        impl #krate::Task for #marker {
            const NAME: &'static ::core::primitive::str = #name;
            type Arguments = #types;
            #info
            #call
            #pool
            #values
            #defaults
        }
    }
}

/// The name given, or the function's path.
fn name(task: &Task) -> TokenStream {
    if let Some(name) = &task.name {
        return name.to_token_stream();
    }
    let function = Literal::string(&task.function.signature.ident.unraw().to_string());
    quote!(::core::concat!(::core::module_path!(), "::", #function))
}

/// ```text
/// // Input:
/// pub async fn send(#[state] smtp: &Smtp, order_id: u64) { … }
///
/// // Output:
/// fn call(arguments: Self::Arguments, states: &airlock::States) -> Called {
///     let states = states.clone();
///     Called::future(async move {
///         finish(send(state::<send, Smtp>(&states), arguments.0).await)
///     })
/// }
/// ```
fn call(task: &Task) -> TokenStream {
    let krate = &task.krate;
    if task.elsewhere {
        return quote! {
            fn call(_: Self::Arguments, _: &#krate::States) -> #krate::__private::Called {
                #krate::__private::Called::elsewhere::<Self>()
            }
        };
    }
    let (arguments, states) = (variable("arguments"), variable("states"));
    let run = run(task);
    let body = if task.function.signature.asyncness.is_none() {
        quote!(#krate::__private::Called::done(#run))
    } else {
        let own_states = task
            .states()
            .next()
            .map(|_| quote!(let #states = ::core::clone::Clone::clone(#states);));
        // Spanned on the function's name, for that is where a future that isn't `Send` is to be mended.
        let here = task.function.signature.ident.span();
        let future = quote_spanned!(here=> __AirlockCalled::future(async move { #run }));
        // By one token at that same place, for airlock's path stands elsewhere and rustc would underline it all.
        quote! {
            use #krate::__private::Called as __AirlockCalled;
            #own_states
            #future
        }
    };
    quote! {
        fn call(
            #arguments: Self::Arguments,
            #states: &#krate::States,
        ) -> #krate::__private::Called {
            #body
        }
    }
}

/// The call of the function and the check of what it returns, which is spanned on the type returned.
///
/// The arguments are fields of one tuple, and not bound to the names of the parameters: one of those could be the
/// function's own.
fn run(task: &Task) -> TokenStream {
    let krate = &task.krate;
    let signature = &task.function.signature;
    let marker = &signature.ident;
    let (tuple, states) = (variable("arguments"), variable("states"));
    let states = if signature.asyncness.is_some() { quote!(&#states) } else { quote!(#states) };
    let mut index = 0..;
    let arguments = task.parameters.iter().map(|parameter| match &parameter.role {
        Role::State(ty) => quote!(#krate::__private::state::<#marker, #ty>(#states)),
        Role::Argument | Role::Secret => {
            let index = index.next().map(Index::from);
            quote!(#tuple.#index)
        }
    });
    let arguments = quote!(#(#arguments),*);

    let spans = match &signature.output {
        ReturnType::Type(_, ty) => Spans::of(ty),
        ReturnType::Default => Spans::of(marker),
    };
    let mut function = marker.clone();
    function.set_span(marker.span().located_at(spans.first));
    let call = quote_spanned!(spans.last=> (#arguments));
    let awaiting = signature.asyncness.map(|_| quote_spanned!(spans.last=> .await));
    quote!(#krate::__private::finish(#function #call #awaiting))
}

/// The boxes of the task's calls that a thread keeps, for a generic function can have no thread-local of its own.
fn pool(task: &Task) -> TokenStream {
    let krate = &task.krate;
    let marker = &task.function.signature.ident;
    let pool = quote!(#krate::__private::Pool<#marker>);
    quote! {
        fn pool() -> &'static ::std::thread::LocalKey<#pool> {
            ::std::thread_local! {
                static POOL: #pool = const { <#pool>::new() };
            }
            &POOL
        }
    }
}

/// What the arguments are by default, by index; each is held against its type where it is written.
///
/// ```text
/// // Input:
/// pub fn send(order_id: u64, #[default(3)] retries: u8, #[default] note: String) { … }
///
/// // Output:
/// fn default_argument(index: usize) -> Option<Box<dyn Any>> {
///     Some(match index {
///         1 => { let value: u8 = 3; Box::new(value) }
///         2 => { let value: String = <String as Default>::default(); Box::new(value) }
///         _ => return None,
///     })
/// }
/// ```
fn defaults(task: &Task) -> Option<TokenStream> {
    let (index, value) = (variable("index"), variable("value"));
    let defaults = task.arguments().enumerate().filter_map(|(position, argument)| {
        let ty = &argument.ty;
        let default = match argument.default.as_ref()? {
            DefaultValue::OfType => {
                quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default())
            }
            DefaultValue::Written(written) => written.to_token_stream(),
        };
        Some(quote!(#position => { let #value: #ty = #default; ::std::boxed::Box::new(#value) }))
    });
    let defaults: Vec<_> = defaults.collect();
    (!defaults.is_empty()).then(|| {
        quote! {
            fn default_argument(
                #index: ::core::primitive::usize,
            ) -> ::core::option::Option<::std::boxed::Box<dyn ::core::any::Any>> {
                ::core::option::Option::Some(match #index {
                    #(#defaults)*
                    _ => return ::core::option::Option::None,
                })
            }
        }
    })
}
