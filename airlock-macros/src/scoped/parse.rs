//! From the options to the scope that they describe.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote};
use syn::Expr;

use crate::errors::Errors;
use crate::expression::bare_mut;
use crate::options::{Known, Options};
use crate::policies;

const KNOWN: &[Known] = &[
    Known::value("policy", "DropAll").or_alone(policies::as_written),
    Known::value("executor", "ThreadPool::new(4)"),
    Known::value("on_failure", "Continue"),
    Known::value("on_flush_error", "handle_flush_error"),
    Known::value("flush_if", "|succeeded| succeeded"),
    Known::value("release", "|intent| intent.name() == \"audit\""),
    Known::flag("release_all"),
    Known::value("limit", "100"),
    Known::value("limit_bytes", "1_000_000"),
    Known::value("chunks", "1000"),
    Known::value("on_report", "|report| println!(\"{report}\")"),
    Known::value("named", "\"checkout\""),
    Known::value("crate", "my_crate::airlock"),
];

/// What `on_failure` takes without an import.
const VARIANTS: &[&str] = &["Continue", "Stop"];

/// A scope, as the options describe it.
pub(crate) struct Scope {
    pub(crate) krate: TokenStream,
    /// The options that are methods of `airlock::Scope`, in the order given.
    pub(crate) calls: Vec<(Ident, Option<Expr>)>,
    pub(crate) on_flush_error: Option<Expr>,
}

impl Scope {
    /// Mistakes are reported and left out.
    pub(crate) fn parse(errors: &Errors, options: TokenStream) -> Self {
        let mut options = Options::parse(errors, "scoped", KNOWN, options);
        let krate = options.take_crate(errors);
        let on_flush_error = options.take_value("on_flush_error");
        let calls = options.rest().into_iter().map(|mut given| {
            if let Some(value) = &mut given.value {
                resolve(errors, &krate, &given.name, value);
            }
            (given.name, given.value)
        });
        let calls = calls.collect();
        Self { krate, calls, on_flush_error }
    }
}

/// Finds what needs no import in an attribute.
fn resolve(errors: &Errors, krate: &TokenStream, name: &Ident, value: &mut Expr) {
    if name == "policy" {
        policies::resolve(errors, krate, value);
    } else if name == "on_failure"
        && let Expr::Path(path) = bare_mut(value)
    {
        let variants = quote!(#krate::OnFailure);
        let nearly = policies::nearly(VARIANTS, path.to_token_stream());
        policies::prefix(&variants, VARIANTS, path);
        policies::prefix(krate, &["OnFailure"], path);
        policies::import(&variants, &nearly, value);
    }
}
