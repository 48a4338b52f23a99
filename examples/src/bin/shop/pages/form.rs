//! The form for an order.

use maud::{Markup, html};

use super::layout::page as layout;
use crate::error::Problem;
use crate::web::Fields;

/// The form with what was written into it, and what is wrong with that.
pub(crate) fn page(items: &[(String, i64)], fields: &Fields, problems: &[Problem]) -> Markup {
    let says = |field: &str| {
        problems.iter().find(|problem| problem.field == field).map(|problem| problem.says)
    };
    let title = if problems.is_empty() { "Place an order" } else { "Not yet: Place an order" };
    layout(
        title,
        Some("/orders/new"),
        &html! {
            h1 { "Place an order" }
            @if !problems.is_empty() {
                div .problems role="alert" {
                    p { "This is not an order yet:" }
                    ul {
                        @for problem in problems { li { a href={ "#" (problem.field) } { (problem.says) } } }
                    }
                }
            }
            form .fields method="post" action="/orders" novalidate {
                (field("email", "E-mail", says("email"), &html! {
                    input id="email" name="email" type="email" autocomplete="email" required value=(fields.email)
                        aria-invalid=[invalid(says("email"))] aria-describedby=[described("email", says("email"))];
                }))
                (field("item", "Item", says("item"), &html! {
                    select id="item" name="item" required
                        aria-invalid=[invalid(says("item"))] aria-describedby=[described("item", says("item"))] {
                        @for (item, remaining) in items {
                            option value=(item) selected[*item == fields.item] { (item) " (" (remaining) " left)" }
                        }
                    }
                }))
                (field("quantity", "Quantity", says("quantity"), &html! {
                    input id="quantity" name="quantity" type="number" inputmode="numeric" min="1" max="1000" required
                        value=(quantity(fields))
                        aria-invalid=[invalid(says("quantity"))] aria-describedby=[described("quantity", says("quantity"))];
                }))
                button type="submit" { "Place the order" }
            }
        },
    )
}

/// A control with its label, and with what is wrong with what it holds.
fn field(name: &str, label: &str, says: Option<&str>, control: &Markup) -> Markup {
    html! {
        div .field {
            label for=(name) { (label) }
            (control)
            @if let Some(says) = says { p .problem id={ (name) "-problem" } { (says) } }
        }
    }
}

fn invalid(says: Option<&str>) -> Option<&'static str> {
    says.map(|_| "true")
}

fn described(name: &str, says: Option<&str>) -> Option<String> {
    says.map(|_| format!("{name}-problem"))
}

/// A form that nobody has filled in asks for one.
fn quantity(fields: &Fields) -> String {
    if fields.email.is_empty() && fields.item.is_empty() {
        "1".to_owned()
    } else {
        fields.quantity()
    }
}
