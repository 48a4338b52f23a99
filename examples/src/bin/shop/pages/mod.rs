//! The pages. They are made here, whole, and need no script; whatever is put into them is escaped.

mod effects;
mod form;
mod layout;
mod order;

use axum::http::StatusCode;
use maud::{Markup, html};

pub(crate) use effects::page as effects;
pub(crate) use form::page as form;
pub(crate) use order::{list as orders, page as order};

/// What went wrong.
pub(crate) fn error(status: StatusCode, says: &str) -> Markup {
    let title = status.canonical_reason().unwrap_or("Error");
    layout::page(
        title,
        None,
        &html! {
            h1 { (title) }
            p { (says) }
            p { a href="/orders" { "All orders" } }
        },
    )
}
