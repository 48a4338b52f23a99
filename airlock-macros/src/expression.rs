//! Questions about an expression as it is written.

use syn::{Expr, Lit, LitStr};

/// The expression without the parentheses and the invisible groups around it, which a `macro_rules` leaves there.
pub(crate) fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => bare(&group.expr),
        Expr::Paren(paren) => bare(&paren.expr),
        expression => expression,
    }
}

/// The same, to be changed.
pub(crate) fn bare_mut(expression: &mut Expr) -> &mut Expr {
    match expression {
        Expr::Group(group) => bare_mut(&mut group.expr),
        Expr::Paren(paren) => bare_mut(&mut paren.expr),
        expression => expression,
    }
}

/// The literal that the expression is, if it is one.
pub(crate) fn literal(expression: &Expr) -> Option<&Lit> {
    match bare(expression) {
        Expr::Lit(expression) => Some(&expression.lit),
        _ => None,
    }
}

/// The text in quotes that the expression is, if it is one.
pub(crate) fn text(expression: &Expr) -> Option<&LitStr> {
    match literal(expression)? {
        Lit::Str(text) => Some(text),
        _ => None,
    }
}

/// Whether the expression has the same value in every run, as far as its code can tell: it is made of literals, names
/// and operators, and calls nothing but what makes one value of another, such as `Some(3)` and `"en".into()`.
pub(crate) fn is_steady(expression: &Expr) -> bool {
    match bare(expression) {
        Expr::Lit(_) | Expr::Path(_) => true,
        Expr::Array(array) => array.elems.iter().all(is_steady),
        Expr::Binary(binary) => is_steady(&binary.left) && is_steady(&binary.right),
        Expr::Call(call) => makes_a_value(&call.func) && call.args.iter().all(is_steady),
        Expr::Cast(cast) => is_steady(&cast.expr),
        Expr::MethodCall(call) => {
            let converts = CONVERSIONS.iter().any(|method| call.method == method);
            converts && is_steady(&call.receiver) && call.args.is_empty()
        }
        Expr::Reference(reference) => is_steady(&reference.expr),
        Expr::Repeat(repeat) => is_steady(&repeat.expr) && is_steady(&repeat.len),
        Expr::Struct(value) => {
            value.rest.is_none() && value.fields.iter().all(|field| is_steady(&field.expr))
        }
        Expr::Tuple(tuple) => tuple.elems.iter().all(is_steady),
        Expr::Unary(unary) => is_steady(&unary.expr),
        _ => false,
    }
}

const CONVERSIONS: [&str; 3] = ["into", "to_owned", "to_string"];

/// Whether a call of this is a value of a variant or a tuple struct, or a conversion.
fn makes_a_value(function: &Expr) -> bool {
    let Expr::Path(path) = bare(function) else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    last.ident == "from" || last.ident.to_string().starts_with(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::is_steady;

    #[test]
    fn calls_may_give_another_value_in_another_run() {
        for steady in [
            "3",
            "-7 + START",
            "(2 * 3) as u8",
            "\"en\".into()",
            "String::from(\"en\")",
            "Some(Language::En)",
            "Size { width: 1, height: [2; 3] }",
        ] {
            assert!(is_steady(&syn::parse_str(steady).expect("an expression")), "{steady}");
        }
        for other in [
            "now()",
            "Some(now())",
            "Uuid::now_v7()",
            "START.get()",
            "now().into()",
            "env!(\"HOME\")",
            "{ 3 }",
            "Size { width: width(), ..BASE }",
            "[random(); 2]",
        ] {
            assert!(!is_steady(&syn::parse_str(other).expect("an expression")), "{other}");
        }
    }
}
