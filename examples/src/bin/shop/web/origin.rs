//! Who may ask: browsers whose address bar, and whose page, is the shop's own.
//!
//! The shop listens on this machine alone, and a browser on it may show any page. One elsewhere can send forms here, and
//! can give its own name the address 127.0.0.1 (DNS rebinding), so that the browser takes the shop for that page's site
//! and lets it read. The browser tells of both, in `Host` and `Origin`.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::Response;

use super::answer::Failure;
use super::{Asked, Shop, header_of};
use crate::error::ShopError;

/// Lets nobody pass whose `Host` is another site's, or whose page is.
pub(super) async fn own(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let asked = request.extensions().get::<Asked>().copied().unwrap_or_default();
    // HTTP/2 has it in the address.
    let host = header_of(&request, "host").or(request.uri().authority().map(Authority::as_str));
    let Some(host) = host.filter(|host| shop.is_own(host)) else {
        return Failure::page(asked, ShopError::OtherHost);
    };
    if is_foreign(&request, host) {
        return Failure::page(asked, ShopError::Foreign);
    }
    next.run(request).await
}

/// Whether a page elsewhere sent it, be it on another port of this host.
fn is_foreign(request: &Request, host: &str) -> bool {
    let mut origins = request.headers().get_all("origin").iter();
    let is_own = |origin: &str| {
        let (_, authority) = origin.split_once("://").unwrap_or_default();
        authority.eq_ignore_ascii_case(host)
    };
    let from = header_of(request, "sec-fetch-site");
    origins.any(|origin| !origin.to_str().is_ok_and(is_own))
        || !matches!(from, None | Some("same-origin" | "none")) && request.method() != "GET"
}

impl Shop {
    /// Whether a `Host` is this machine's, or one of those that it was started with.
    fn is_own(&self, host: &str) -> bool {
        const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
        let Ok(host) = host.parse::<Authority>() else { return false };
        let own = self.hosts.iter().map(String::as_str);
        LOCAL.into_iter().chain(own).any(|own| own.eq_ignore_ascii_case(host.host()))
    }
}
