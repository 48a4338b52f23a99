//! Before: effects leave where they are called.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use sqlx::{Sqlite, Transaction};

use crate::jobs::Pack;
use crate::{Error, Job, Order, Shop, Smtp, place, reserve};

pub fn app(shop: Shop) -> Router {
    Router::new().route("/orders", post(order)).with_state(shop)
}

async fn order(State(shop): State<Shop>, Json(order): Json<Order>) -> Result<StatusCode, Error> {
    let mut tx = shop.pool.begin().await?;
    place_with_effects(&mut tx, &shop.smtp, &order).await?;
    tx.commit().await?;
    Ok(StatusCode::CREATED)
}

/// Domain code, which is passed the transaction.
async fn place_with_effects(
    tx: &mut Transaction<'_, Sqlite>,
    smtp: &Smtp,
    order: &Order,
) -> Result<(), Error> {
    let id = place(tx, order).await?;
    if let Err(error) = smtp.send(format!("confirmation of {id} to {}", order.email)).await {
        eprintln!("no confirmation of order {id}: {error:?}");
    }
    if let Err(error) = smtp.send(format!("newsletter to {}", order.email)).await {
        eprintln!("no newsletter: {error:?}");
    }
    Pack { order_id: id }.enqueue(tx).await?;
    reserve(tx, order).await
}
