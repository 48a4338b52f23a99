//! `#[airlock::policy(…)]`: a policy holds while the body of a function runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Token};

use crate::errors::Errors;
use crate::function::Function;
use crate::options::{crate_path, default_crate};
use crate::wrap::{Inside, Wrapped, returned};
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
                let name = option_name(input);
                match &name {
                    Some(name) if name == "crate" => {
                        krate = crate_path(errors, &input.parse()?);
                    }
                    Some(name) if name != "policy" => {
                        errors.at(name, messages::policy_option(&name.to_string()));
                        input.parse::<Expr>()?;
                    }
                    _ => {
                        if let Some(name) = name {
                            errors.at(name, messages::POLICY_NAMED);
                        }
                        policies.push(input.parse::<Expr>()?);
                    }
                }
                if !input.is_empty() && input.parse::<Option<Token![,]>>()?.is_none() {
                    return Err(input.error(messages::POLICY_NEEDS_COMMA));
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
        let function = wrapped.expand(|inside| {
            returned(&match inside {
                Inside::Closure(body) => quote_spanned!(here=> #krate::policy(#policy).run(#body)),
                Inside::Future(body) => {
                    quote_spanned!(here=> #krate::policy(#policy).run_async(#body).await)
                }
            })
        });
        quote!(#function)
    }
}

/// The name of an option, with the `=` behind it, if one follows.
fn option_name(input: ParseStream<'_>) -> Option<Ident> {
    let ahead = input.fork();
    let name = ahead.call(Ident::parse_any).ok()?;
    if !ahead.peek(Token![=]) || ahead.peek(Token![==]) {
        return None;
    }
    input.call(Ident::parse_any).and_then(|_| input.parse::<Token![=]>()).ok()?;
    Some(name)
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
        assert_eq!(mistakes(quote!(DropAll crate = airlock)), [messages::POLICY_NEEDS_COMMA]);
        assert_eq!(mistakes(quote!(policy = DropAll)), [messages::POLICY_NAMED]);
        assert_eq!(
            mistakes(quote!(DropAll, executor = queue())),
            [messages::policy_option("executor")]
        );
    }
}
