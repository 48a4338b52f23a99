//! Placing an order.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::answer::{Failure, changed};
use super::input::Fields;
use super::{Asked, Shop};
use crate::change::Change;
use crate::error::ShopError;
use crate::orders::{self, NewOrder};
use crate::pages;
use crate::store::Connection;

pub(super) async fn place(
    State(shop): State<Shop>,
    asked: Asked,
    fields: Fields,
) -> Result<Response, Failure> {
    let items = items(&shop).await.map_err(Failure::of(asked))?;
    let new = match NewOrder::check(&fields.email, &fields.item, &fields.quantity(), &items) {
        Ok(new) => new,
        Err(problems) if asked.json || asked.dry_run => {
            return Err(Failure::of(asked)(ShopError::Invalid(problems)));
        }
        Err(problems) => {
            let form = Html(pages::form(&items, &fields, &problems).into_string());
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, form).into_response());
        }
    };
    let change = Change { name: "place an order", dry_run: asked.dry_run };
    let placed =
        change.run(&shop.store, async |tx: &mut Connection<'_>| orders::place(tx, &new).await);
    let order = placed.await.map_err(Failure::of(asked))?;
    Ok(changed(asked, &order, StatusCode::CREATED))
}

/// What can be ordered. The connection goes back to the pool before anything else needs one.
pub(super) async fn items(shop: &Shop) -> Result<Vec<(String, i64)>, ShopError> {
    Ok(shop.store.acquire().await?.connection().items().await?)
}
