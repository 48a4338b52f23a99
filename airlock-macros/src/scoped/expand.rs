//! From a scope and a function to the function in the scope.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::parse::Scope;
use crate::wrap::{Inside, Wrapped, returned};

/// ```text
/// // Input:
/// #[airlock::scoped(policy = DropAll)]
/// fn checkout(cart: Cart) -> Result<Order, Error> { BODY }
///
/// // Output:
/// fn checkout(cart: Cart) -> Result<Order, Error> {
///     let (value, sealed) = airlock::Scope::seal(
///         airlock::scope().policy(airlock::DropAll),
///         move || -> Result<Order, Error> { BODY },
///     );
///     let succeeded = Ended(&value).__airlock_succeeded();
///     match settle(sealed, succeeded) {
///         Ok(()) => value,
///         Err(error) => Returned::of(&value).__airlock_flush_failed(error),
///     }
/// }
/// ```
pub(super) fn expand(scope: &Scope, wrapped: Wrapped) -> TokenStream {
    let krate = &scope.krate;
    let failed = failed(scope, &wrapped);
    let never_returns = wrapped.never_returns();
    let function = wrapped.expand(|inside| {
        let here = Span::mixed_site();
        let builder = builder(scope);
        let (seal, settle) = match inside {
            Inside::Closure(body) => (
                quote_spanned!(here=> #krate::Scope::seal(#builder, #body)),
                quote_spanned!(here=> #krate::__private::settle(__airlock_sealed, __airlock_succeeded)),
            ),
            Inside::Future(body) => (
                quote_spanned!(here=> #krate::Scope::seal_async(#builder, #body).await),
                quote_spanned!(here=> #krate::__private::settle_async(__airlock_sealed, __airlock_succeeded).await),
            ),
        };
        if never_returns {
            // Nothing is settled behind a body that never ends.
            return quote_spanned!(here=> #seal.0);
        }
        let value = returned(&quote_spanned! {here=>
            match #settle {
                ::core::result::Result::Ok(()) => __airlock_value,
                ::core::result::Result::Err(__airlock_error) => #failed,
            }
        });
        // A constant may be called like a variable, whatever the span: hence the prefix.
        // The two imports are of ways to do one thing, of which the value's type decides for one.
        quote_spanned! {here=>
            let (__airlock_value, __airlock_sealed) = #seal;
            let __airlock_succeeded = {
                use #krate::__private::{EndedAnyway as _, EndedByOutcome as _};
                (&#krate::__private::Ended(&__airlock_value)).__airlock_succeeded()
            };
            #value
        }
    });
    quote!(#function)
}

/// `airlock::scope()`, and for each option a method call on the user's own tokens.
fn builder(scope: &Scope) -> TokenStream {
    let krate = &scope.krate;
    let calls = scope.calls.iter().map(|(method, value)| quote!(.#method(#value)));
    quote!(#krate::scope() #(#calls)*)
}

/// The value of a function whose flush failed.
fn failed(scope: &Scope, wrapped: &Wrapped) -> TokenStream {
    let krate = &scope.krate;
    let here = Span::mixed_site();
    if let Some(handler) = &scope.on_flush_error {
        // An argument, so that the handler is underlined if it takes or gives something else.
        return quote_spanned!(here=> #krate::__private::handled(&__airlock_value, #handler, __airlock_error));
    }
    // Where a `Result`'s error can't be made of a `FlushError`, rustc underlines the method.
    let flush_failed = Ident::new("__airlock_flush_failed", wrapped.value_span());
    quote_spanned! {here=> {
        use #krate::__private::{ReturnsAnything as _, ReturnsResult as _};
        (&#krate::__private::Returned::of(&__airlock_value)).#flush_failed(__airlock_error)
    }}
}
