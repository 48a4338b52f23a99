//! How something is asked for: as a page or as JSON, for real or as a dry run, by an admin or by
//! anybody.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use super::answer::Failure;
use super::{Shop, header_of};
use crate::error::ShopError;

/// How a request wants to be treated; an extractor for handlers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// Whether to answer with JSON.
    pub(crate) json: bool,
    /// Whether to show what would happen, and let nothing happen.
    pub(crate) dry_run: bool,
    admin: bool,
}

/// Finds out, and lets nobody ask for a dry run who may not.
pub(crate) async fn how(State(shop): State<Shop>, mut request: Request, next: Next) -> Response {
    let json =
        header_of(&request, "accept").is_some_and(|accept| accept.contains("application/json"));
    let dry_run = request.headers().contains_key("x-dry-run");
    let asked = Asked { json, dry_run, admin: is_admin(&request, &shop) };
    if dry_run {
        if !asked.admin {
            return Failure::page(asked, ShopError::Forbidden("A dry run"));
        }
        if header_of(&request, "x-dry-run") != Some("1") {
            let why = "the header `X-Dry-Run` is 1, or is not there".to_owned();
            return Failure::page(asked, ShopError::Unreadable(why));
        }
    }
    request.extensions_mut().insert(asked);
    next.run(request).await
}

/// Lets nobody else pass.
pub(crate) async fn admins_only(asked: Asked, request: Request, next: Next) -> Response {
    if asked.admin {
        next.run(request).await
    } else {
        Failure::page(asked, ShopError::Forbidden("/admin"))
    }
}

fn is_admin(request: &Request<Body>, shop: &Shop) -> bool {
    let token = header_of(request, "authorization").and_then(|said| said.strip_prefix("Bearer "));
    token.is_some_and(|token| is_same(token.as_bytes(), shop.admin_token.as_bytes()))
}

/// Takes as long whatever is different, so that nobody finds a token out bit by bit.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let different = one.iter().zip(other).fold(0, |different, (a, b)| different | (a ^ b));
    one.len() == other.len() && different == 0
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}
