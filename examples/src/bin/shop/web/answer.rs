//! Answers that are no pages of their own: JSON, the way to a page, and what went wrong.

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde_json::json;

use super::Asked;
use crate::error::ShopError;
use crate::orders::Order;
use crate::pages;

/// A change that was made: its order as JSON, or the way to the order's page, so that to load that
/// again sends nothing again.
pub(super) fn changed(asked: Asked, order: &Order, status: StatusCode) -> Response {
    let page = format!("/orders/{}", order.id);
    if asked.json {
        (status, [(header::LOCATION, page)], Json(order)).into_response()
    } else {
        Redirect::to(&page).into_response()
    }
}

/// What went wrong, for whoever asked.
pub(crate) struct Failure {
    asked: Asked,
    error: ShopError,
}

impl Failure {
    /// Makes one of an error, for `?`.
    pub(super) fn of<E: Into<ShopError>>(asked: Asked) -> impl Fn(E) -> Self {
        move |error| Self { asked, error: error.into() }
    }

    pub(super) fn page(asked: Asked, error: ShopError) -> Response {
        Self { asked, error }.into_response()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        const DRY_RUN: HeaderName = HeaderName::from_static("x-dry-run");
        let Self { asked, error } = self;
        if error.is_ours() {
            tracing::error!(%error, "a request failed");
        }
        let status = error.status();
        match error {
            ShopError::DryRun(table) => ([(DRY_RUN, "1")], table + "\n").into_response(),
            error if asked.json => {
                let problems = match &error {
                    ShopError::Invalid(problems) => problems.as_slice(),
                    _ => &[],
                };
                let body = json!({ "error": error.public(), "problems": problems });
                (status, Json(body)).into_response()
            }
            error => {
                (status, Html(pages::error(status, &error.public()).into_string())).into_response()
            }
        }
    }
}
