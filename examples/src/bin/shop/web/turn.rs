//! Shipping and cancelling an order.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{Failure, changed};
use super::look::id_of;
use super::{Asked, Shop};
use crate::change::Change;
use crate::orders;
use crate::store::Connection;

pub(super) async fn ship(
    State(shop): State<Shop>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = id_of(&id).map_err(Failure::of(asked))?;
    let change = Change { name: "ship an order", dry_run: asked.dry_run };
    let shipped =
        change.run(&shop.store, async |tx: &mut Connection<'_>| orders::ship(tx, id).await);
    Ok(changed(asked, &shipped.await.map_err(Failure::of(asked))?, StatusCode::OK))
}

pub(super) async fn cancel(
    State(shop): State<Shop>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = id_of(&id).map_err(Failure::of(asked))?;
    let change = Change { name: "cancel an order", dry_run: asked.dry_run };
    let cancelled =
        change.run(&shop.store, async |tx: &mut Connection<'_>| orders::cancel(tx, id).await);
    Ok(changed(asked, &cancelled.await.map_err(Failure::of(asked))?, StatusCode::OK))
}
