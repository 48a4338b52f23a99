//! Expressions for policies, in attributes.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprMacro, ExprPath, Token, parse_quote, parse_quote_spanned};

use crate::errors::Errors;
use crate::expression::{bare, bare_mut};
use crate::messages;
use crate::nearest::nearest;
use crate::spans::{self, Spans};
use crate::task_set::TaskSet;
use crate::written::written;

/// The policies that need no import in an attribute.
const BUILT_IN: &[&str] = &[
    "AllowAll",
    "AllowOnly",
    "AssertNoEffects",
    "BlockTasks",
    "Coalesce",
    "DropAll",
    "Limit",
    "LogOnFlush",
    "StaysHere",
];

/// Those that are called with a list of tasks.
const LISTING: &[&str] = &["AllowOnly", "BlockTasks"];

/// The macros that make them, in code.
const LISTING_MACROS: &[(&str, &str)] =
    &[("allow_only", "AllowOnly"), ("block_tasks", "BlockTasks")];

/// Puts airlock's path before each built-in policy of the expression and makes sets of lists of tasks.
///
/// ```text
/// // Input:
/// (DropAll, BlockTasks(mail::send).refuse(), audit())
///
/// // Output:
/// (airlock::DropAll, airlock::BlockTasks::new(tasks![mail::send]).refuse(), audit())
/// ```
pub(crate) fn resolve(errors: &Errors, krate: &TokenStream, policy: &mut Expr) {
    let nearly = nearly(BUILT_IN, policy.to_token_stream());
    resolve_parts(errors, krate, policy);
    import(krate, &nearly, policy);
}

fn resolve_parts(errors: &Errors, krate: &TokenStream, policy: &mut Expr) {
    let policy = bare_mut(policy);
    list_in_attribute(errors, policy);
    let resolve = |policy: &mut Expr| resolve_parts(errors, krate, policy);
    match policy {
        Expr::Array(array) => array.elems.iter_mut().for_each(resolve),
        Expr::Tuple(tuple) => tuple.elems.iter_mut().for_each(resolve),
        Expr::Reference(reference) => resolve(&mut reference.expr),
        // `block_tasks![…].refuse()` is an expression of the user's own, with the macro imported.
        Expr::MethodCall(call) if matches!(bare(&call.receiver), Expr::Macro(_)) => {}
        Expr::MethodCall(call) => resolve(&mut call.receiver),
        Expr::Path(path) => prefix(krate, BUILT_IN, path),
        Expr::Call(call) => {
            let Expr::Path(function) = bare_mut(&mut call.func) else { return };
            let listing = LISTING.iter().any(|name| function.path.is_ident(name));
            if function.path.is_ident("StaysHere") {
                call.args.iter_mut().for_each(resolve);
            }
            prefix(krate, BUILT_IN, function);
            if listing {
                let tasks = TaskSet::check(errors, krate.clone(), &call.args).expand();
                *policy = parse_quote!(#function::new(#tasks));
            }
        }
        _ => {}
    }
}

/// Reports a list of tasks that isn't written as attributes have it, and writes it so.
fn list_in_attribute(errors: &Errors, policy: &mut Expr) {
    match policy {
        Expr::Path(path) => {
            let Some(name) = LISTING.iter().find(|name| path.path.is_ident(name)) else { return };
            errors.at(&*path, messages::list_missing(name));
            *policy = parse_quote!(#path());
        }
        Expr::Macro(list) => {
            let Some(instead) = without_macro(list) else { return };
            errors.at(&*list, messages::list_macro(&written(&*list), &written(&instead)));
            *policy = instead;
        }
        _ => {}
    }
}

/// `BlockTasks(mail::send)` for `block_tasks![mail::send]`; `None` for other macros.
fn without_macro(list: &ExprMacro) -> Option<Expr> {
    let path = &list.mac.path;
    let (_, name) = LISTING_MACROS.iter().find(|(name, _)| path.is_ident(name))?;
    let name = format_ident!("{name}", span = Spans::of(path).first);
    let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
    let tasks = parser.parse2(list.mac.tokens.clone()).ok()?;
    Some(parse_quote!(#name(#tasks)))
}

/// The expression as `policy =` takes it, if it looks like a policy.
pub(crate) fn as_written(expression: &Expr) -> Option<String> {
    looks_like_policy(expression).then(|| {
        let instead = match bare(expression) {
            Expr::Macro(list) => without_macro(list),
            _ => None,
        };
        written(instead.as_ref().unwrap_or(expression))
    })
}

/// Whether it is a value by a name that options don't have: of several words, or with a capital letter.
fn looks_like_policy(expression: &Expr) -> bool {
    match bare(expression) {
        Expr::Path(path) => {
            let name = path.path.get_ident().map(Ident::to_string);
            name.is_none_or(|name| name.starts_with(char::is_uppercase))
        }
        Expr::Call(call) => looks_like_policy(&call.func),
        Expr::Macro(list) => without_macro(list).is_some(),
        Expr::MethodCall(call) => looks_like_policy(&call.receiver),
        Expr::Tuple(tuple) => tuple.elems.iter().any(looks_like_policy),
        _ => false,
    }
}

/// Puts airlock's path before a path that begins with one of the names.
pub(crate) fn prefix(krate: &TokenStream, names: &[&str], path: &mut ExprPath) {
    if path.qself.is_some() || path.path.leading_colon.is_some() {
        return;
    }
    let Some(first) = path.path.segments.first() else { return };
    if names.iter().any(|name| first.ident == name) {
        // What rustc says of the longer path is to underline the one that was written.
        let krate = spans::generated_at(first.ident.span(), quote!(#krate::));
        let written = &path.path;
        *path = parse_quote!(#krate #written);
    }
}

/// The names that the tokens nearly have, and don't have.
pub(crate) fn nearly<'a>(names: &[&'a str], tokens: TokenStream) -> Vec<&'a str> {
    let written = words(tokens);
    let meant = |name: &&str| {
        let mut nearest = written.iter().map(|word| nearest(word, names.iter().copied()));
        nearest.any(|nearest| nearest == Some(name))
    };
    let has = |name: &&str| written.iter().any(|word| word == name);
    names.iter().copied().filter(|name| meant(name) && !has(name)).collect()
}

fn words(tokens: TokenStream) -> Vec<String> {
    let words = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Group(group) => words(group.stream()),
        TokenTree::Ident(ident) => vec![ident.to_string()],
        TokenTree::Literal(_) | TokenTree::Punct(_) => Vec::new(),
    });
    words.collect()
}

/// Puts the names into the expression's scope, which is where rustc looks for what was meant by an unknown one.
///
/// ```text
/// // Input:
/// DropAl
///
/// // Output:
/// {
///     use airlock::DropAll;
///     DropAl
/// }
/// ```
pub(crate) fn import(module: &TokenStream, names: &[&str], expression: &mut Expr) {
    if names.is_empty() {
        return;
    }
    let names = names.iter().map(|name| format_ident!("{name}"));
    let here = Span::call_site().located_at(Spans::of(&*expression).first);
    *expression = parse_quote_spanned! {here=>
        {
            #[allow(unused_imports, reason = "the name may be the user's own, and only similar")]
            use #module::{#(#names),*};
            #expression
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::default_crate;

    fn resolved(mut policy: Expr) -> String {
        let errors = Errors::new();
        resolve(&errors, &default_crate(), &mut policy);
        assert_eq!(errors.messages(), [""; 0]);
        written(policy)
    }

    #[test]
    fn finds_built_ins() {
        assert_eq!(
            resolved(parse_quote!((DropAll, [Limit::per_flush(3)], &LogOnFlush::default()))),
            "(::airlock::DropAll, [::airlock::Limit::per_flush(3)], &::airlock::LogOnFlush::default())"
        );
    }

    #[test]
    fn finds_what_is_let_go() {
        assert_eq!(
            resolved(parse_quote!(StaysHere((Coalesce, Limit::per_flush(3))))),
            "::airlock::StaysHere((::airlock::Coalesce, ::airlock::Limit::per_flush(3)))"
        );
    }

    #[test]
    fn leaves_the_rest() {
        let policy = quote!(audit(mine::DropAll, Limit));
        assert_eq!(resolved(parse_quote!(#policy)), written(policy));
    }

    #[test]
    fn imports_what_is_nearly_written() {
        let text = resolved(parse_quote!((DropAl, LogOnFlsh::default(), Limit::per_flush(3))));
        assert!(
            text.contains("::airlock:: { DropAll, LogOnFlush }; (DropAl, LogOnFlsh::"),
            "{text}"
        );
        // What the user wrote in full may be something of the user's own.
        assert_eq!(resolved(parse_quote!(audit(limits, Limit))), "audit(limits, Limit)");
    }

    fn mistakes(mut policy: Expr) -> Vec<String> {
        let errors = Errors::new();
        resolve(&errors, &default_crate(), &mut policy);
        assert!(written(policy).contains("::new("), "a list is made all the same");
        errors.messages()
    }

    #[test]
    fn asks_for_lists_as_attributes_have_them() {
        assert_eq!(
            mistakes(parse_quote!((block_tasks![pack, "mail::send"], DropAll))),
            [messages::list_macro(
                "block_tasks![pack, \"mail::send\"]",
                "BlockTasks(pack, \"mail::send\")"
            )]
        );
        assert_eq!(mistakes(parse_quote!(AllowOnly)), [messages::list_missing("AllowOnly")]);
        assert_eq!(
            mistakes(parse_quote!(BlockTasks.refuse())),
            [messages::list_missing("BlockTasks")]
        );
    }

    #[test]
    fn knows_policies_by_sight() {
        for policy in
            ["DropAll", "mine::Audit", "Limit::per_flush(3)", "mine::audit()", "(DropAll, audit)"]
        {
            let written = as_written(&syn::parse_str(policy).expect(policy));
            assert_eq!(written.as_deref(), Some(policy));
        }
        let list = as_written(&parse_quote!(block_tasks![pack]));
        assert_eq!(list.as_deref(), Some("BlockTasks(pack)"));
        for option in ["polcy", "retries(3)", "policy = DropAll", "\"mail\"", "3"] {
            assert_eq!(as_written(&syn::parse_str(option).expect(option)), None);
        }
    }

    #[test]
    fn makes_sets_of_lists() {
        let text = resolved(parse_quote!(BlockTasks(mail::send, "notify").refuse()));
        assert!(text.starts_with("::airlock::BlockTasks::new("), "{text}");
        assert!(text.contains("<mail::send as") && text.contains("<notify as"), "{text}");
        assert!(text.ends_with(").refuse()"), "{text}");
    }
}
