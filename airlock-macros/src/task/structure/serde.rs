//! What serde's attributes make of a struct's fields, as far as a task can do the same.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Token};

use crate::errors::Errors;
use crate::messages;

/// How the fields of a struct are named.
pub(super) struct Names {
    /// That of `rename_all`.
    case: fn(&str) -> String,
}

/// What serde makes of one field.
pub(super) struct Field {
    pub(super) renamed: Option<String>,
    pub(super) has_default: bool,
}

impl Names {
    /// Reports what else is said of the struct.
    pub(super) fn of(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut names = Self { case: str::to_owned };
        each(errors, attributes, |meta| {
            if meta.path.is_ident("rename_all") && meta.input.peek(Token![=]) {
                let rule: LitStr = meta.value()?.parse()?;
                match case(&rule.value()) {
                    Some(case) => names.case = case,
                    None => errors.at(rule, messages::DERIVE_CASE),
                }
                return Ok(true);
            }
            // What changes nothing of the object, or is serde's to do.
            let same = ["crate", "bound", "rename", "expecting", "deny_unknown_fields"];
            let is_same = same.iter().any(|name| meta.path.is_ident(name));
            if is_same && meta.input.peek(Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            }
            Ok(is_same)
        });
        names
    }

    /// Reports what else is said of the field.
    pub(super) fn field(&self, errors: &Errors, ident: &Ident, attributes: &[Attribute]) -> Field {
        let name = ident.unraw().to_string();
        let cased = (self.case)(&name);
        let mut field = Field { renamed: (cased != name).then_some(cased), has_default: false };
        each(errors, attributes, |meta| {
            if meta.path.is_ident("rename") && meta.input.peek(Token![=]) {
                field.renamed = Some(meta.value()?.parse::<LitStr>()?.value());
                return Ok(true);
            }
            if meta.path.is_ident("default") && !meta.input.peek(Token![=]) {
                field.has_default = true;
                return Ok(true);
            }
            Ok(false)
        });
        field
    }
}

/// Calls `known` for each thing that is said in `#[serde(…)]`; what it does not know is reported.
fn each(
    errors: &Errors,
    attributes: &[Attribute],
    mut known: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<bool>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let parsed = attribute.parse_nested_meta(|meta| {
            if known(&meta)? {
                return Ok(());
            }
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            Err(meta.error(messages::derive_serde(&name)))
        });
        if let Err(error) = parsed {
            errors.add(error);
        }
    }
}

/// The rules of serde's `rename_all`, for a field's name: <https://serde.rs/container-attrs.html#rename_all>.
fn case(rule: &str) -> Option<fn(&str) -> String> {
    Some(match rule {
        "lowercase" | "snake_case" => str::to_owned,
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => str::to_ascii_uppercase,
        "PascalCase" => pascal,
        "camelCase" => |name| {
            let pascal = pascal(name);
            let (first, rest) = pascal.split_at(pascal.chars().next().map_or(0, char::len_utf8));
            first.to_ascii_lowercase() + rest
        },
        "kebab-case" => |name| name.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => |name| name.to_ascii_uppercase().replace('_', "-"),
        _ => return None,
    })
}

fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    let mut is_first = true;
    for letter in name.chars() {
        if letter == '_' {
            is_first = true;
        } else if std::mem::take(&mut is_first) {
            pascal.push(letter.to_ascii_uppercase());
        } else {
            pascal.push(letter);
        }
    }
    pascal
}
