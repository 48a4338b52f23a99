//! Step 1: the request is a scope, and mails are tasks. The transaction is left as it is.

use airlock::tower::ScopeLayer;
use airlock::{Inline, tasks};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use sqlx::{Sqlite, Transaction};

use crate::jobs::Pack;
use crate::{Error, Job, Order, Shop, Smtp, place, reserve};

pub fn app(shop: Shop) -> Router {
    let mails = Inline::builder()
        .state(shop.smtp.clone())
        .serving(tasks![send_confirmation, send_newsletter]);
    let mails = mails.build().expect("every task has its state");
    Router::new()
        .route("/orders", post(order))
        .layer(ScopeLayer::new().executor(mails))
        .with_state(shop)
}

#[airlock::task(name = "step_1.send_confirmation")]
async fn send_confirmation(
    #[state] smtp: &Smtp,
    order_id: i64,
    email: String,
) -> Result<(), String> {
    let sent = smtp.send(format!("confirmation of {order_id} to {email}")).await;
    sent.map_err(|error| format!("{error:?}"))
}

#[airlock::task(name = "step_1.send_newsletter", best_effort)]
async fn send_newsletter(#[state] smtp: &Smtp, email: String) -> Result<(), String> {
    smtp.send(format!("newsletter to {email}")).await.map_err(|error| format!("{error:?}"))
}

async fn order(State(shop): State<Shop>, Json(order): Json<Order>) -> Result<StatusCode, Error> {
    let mut tx = shop.pool.begin().await?;
    place_with_effects(&mut tx, &order).await?;
    tx.commit().await?;
    Ok(StatusCode::CREATED)
}

/// Domain code, which is passed the transaction.
async fn place_with_effects(tx: &mut Transaction<'_, Sqlite>, order: &Order) -> Result<(), Error> {
    let id = place(tx, order).await?;
    send_confirmation::enqueue(id, order.email.clone())?;
    send_newsletter::enqueue(order.email.clone())?;
    Pack { order_id: id }.enqueue(tx).await?;
    reserve(tx, order).await
}
