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
