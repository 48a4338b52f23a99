//! `#[airlock::policy(…)]`: a policy holds while the body of a function runs.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Token};

use crate::errors::Errors;
use crate::function::Function;
use crate::options::{crate_path, default_crate};
use crate::wrap::{Inside, Wrapped};
use crate::{messages, policies};

/// The function, its body under the policy.
pub(crate) fn policy(policy: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let policy = Policy::parse(&errors, policy);
    let function = Function::parse_item(&errors, "policy", item.clone());
    let wrapped = function.and_then(|function| Wrapped::check(&errors, "policy", function));
    let output = match (policy, wrapped) {
        (Some(policy), Some(wrapped)) => policy.expand(wrapped),
        _ => item,
    };
    let report = errors.report();
    quote!(#output #report)
}

/// A policy and the airlock that it is for.
struct Policy {
    krate: TokenStream,
    policy: Expr,
}

impl Policy {
    /// Parses `POLICY` or `POLICY, crate = path`; `None` if there is no policy, which is then reported.
    fn parse(errors: &Errors, tokens: TokenStream) -> Option<Self> {
        let parser = |input: ParseStream<'_>| {
            let (mut krate, mut policies) = (default_crate(), Vec::new());
            while !input.is_empty() {
                if input.peek(Token![crate]) && input.peek2(Token![=]) {
                    input.parse::<Token![crate]>()?;
                    input.parse::<Token![=]>()?;
                    krate = crate_path(errors, &input.parse()?);
                } else {
                    policies.push(input.parse::<Expr>()?);
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok((krate, policies))
        };
        let (krate, policies) = parser.parse2(tokens).map_err(|error| errors.add(error)).ok()?;
        let mut policies = policies.into_iter();
        let Some(mut policy) = policies.next() else {
            errors.add(syn::Error::new(Span::call_site(), messages::POLICY_MISSING));
            return None;
        };
        if let Some(surplus) = policies.next() {
            errors.at(surplus, messages::POLICY_SURPLUS);
        }
        policies::resolve(errors, &krate, &mut policy);
        Some(Self { krate, policy })
    }

    /// ```text
    /// // Input:
    /// #[airlock::policy(DropAll)]
    /// fn rehearse() -> T { BODY }
    ///
    /// // Output:
    /// fn rehearse() -> T {
    ///     airlock::policy(airlock::DropAll).run(move || -> T { BODY })
    /// }
    /// ```
    fn expand(&self, wrapped: Wrapped) -> TokenStream {
        let Self { krate, policy } = self;
        let here = Span::mixed_site();
        let function = wrapped.expand(|inside| match inside {
            Inside::Closure(body) => quote_spanned!(here=> #krate::policy(#policy).run(#body)),
            Inside::Future(body) => {
                quote_spanned!(here=> #krate::policy(#policy).run_async(#body).await)
            }
        });
        quote!(#function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(tokens: TokenStream) -> Vec<String> {
        let errors = Errors::new();
        Policy::parse(&errors, tokens);
        errors.messages()
    }

    #[test]
    fn takes_one_policy() {
        assert_eq!(mistakes(quote!((DropAll, audit()), crate = my::airlock)), [""; 0]);
        assert_eq!(mistakes(quote!()), [messages::POLICY_MISSING]);
        assert_eq!(mistakes(quote!(DropAll, AllowAll)), [messages::POLICY_SURPLUS]);
    }
}
