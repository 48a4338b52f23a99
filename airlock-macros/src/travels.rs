//! `#[airlock::travels(name = "…")]`: a policy goes along with messages.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, ExprLit, ImplItem, ItemImpl, Lit, Path, parse_quote};

use crate::errors::Errors;
use crate::messages;
use crate::options::{Known, Options};

const KNOWN: &[Known] =
    &[Known::value("name", "\"only-tenant\""), Known::value("crate", "my_crate::airlock")];

/// The names of airlock's own policies, which every binary knows.
const OWN: &[&str] = &["AllowOnly", "AssertNoEffects", "BlockTasks", "DropAll"];

/// The `impl`, with how its policy travels, and the entry under which a message's policy is found.
///
/// ```text
/// // Input:
/// #[airlock::travels(name = "only-tenant")]
/// impl Policy for OnlyTenant { … }
///
/// // Output:
/// impl Policy for OnlyTenant {
///     …
///     fn travel(&self) -> airlock::Travel { airlock::Travel::of(self) }
/// }
/// impl airlock::TravellingPolicy for OnlyTenant { const NAME: &'static str = "only-tenant"; }
/// inventory::submit! { TravellingRegistration::of::<OnlyTenant>("src/policies.rs:7") }
/// ```
pub(crate) fn travels(options: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let mut options = Options::parse(&errors, "travels", KNOWN, options);
    let krate = options.take_crate(&errors);
    let name = options.take_value("name");
    if let Some(name @ Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) = &name
        && let Some(own) = OWN.iter().find(|own| **own == text.value())
    {
        errors.at(name, messages::travels_own(own));
    }
    let output = match syn::parse2::<ItemImpl>(item.clone()) {
        Ok(policy) if check(&errors, &policy) => {
            let name = name.map(|name| name.to_token_stream());
            expand(&krate, name, policy)
        }
        Ok(_) => item,
        Err(error) => {
            errors.add(syn::Error::new(error.span(), messages::TRAVELS_ITEM));
            item
        }
    };
    let report = errors.report();
    quote!(#output #report)
}

fn check(errors: &Errors, policy: &ItemImpl) -> bool {
    let is_policy = |path: &Path| path.segments.last().is_some_and(|last| last.ident == "Policy");
    let fault = match &policy.trait_ {
        Some((path, _)) if is_policy(path) => None,
        Some((path, _)) => Some((path.to_token_stream(), messages::TRAVELS_ITEM)),
        None => Some((policy.self_ty.to_token_stream(), messages::TRAVELS_ITEM)),
    };
    let generic = policy.generics.params.first();
    let generic = generic.map(|generic| (generic.to_token_stream(), messages::TRAVELS_GENERIC));
    let own = policy.items.iter().find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "travel" => {
            Some((function.sig.ident.to_token_stream(), messages::TRAVELS_TWICE))
        }
        _ => None,
    });
    let faults = [fault, generic, own].into_iter().flatten();
    faults.map(|(tokens, message)| errors.at(tokens, message)).count() == 0
}

fn expand(krate: &TokenStream, name: Option<TokenStream>, mut policy: ItemImpl) -> TokenStream {
    let ty = &policy.self_ty;
    let text = ty.to_token_stream().to_string().replace(' ', "");
    let name = name.unwrap_or_else(|| quote!(::core::concat!(::core::module_path!(), "::", #text)));
    // Where the type is, for it lacks what a policy needs that travels.
    let travelling = quote_spanned!(ty.span()=> #krate::TravellingPolicy);
    let entry = quote! {
        impl #travelling for #ty {
            const NAME: &'static ::core::primitive::str = #name;
        }

        #krate::__private::inventory::submit! {
            #krate::__private::TravellingRegistration::of::<#ty>(
                ::core::concat!(::core::file!(), ":", ::core::line!()),
            )
        }
    };
    policy.items.push(parse_quote! {
        fn travel(&self) -> #krate::Travel {
            #krate::Travel::of(self)
        }
    });
    quote!(#policy #entry)
}
