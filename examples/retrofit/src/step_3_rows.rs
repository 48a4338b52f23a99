//! Step 3: what must not be lost is rows of the service's own job table; the newsletter stays a call.

use airlock::sqlx_08::Database;
use airlock::tower::ScopeLayer;
use airlock::transaction::Queue;
use airlock::{Batch, DispatchError, Inline, tasks};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use sqlx::SqliteConnection;

use crate::jobs::{Pack, insert};
use crate::{Error, Order, Shop, Smtp, place, reserve};

pub fn app(shop: Shop) -> Router {
    let mails = Inline::builder().state(shop.smtp.clone()).serving(tasks![send_newsletter]);
    let mails = mails.build().expect("every task has its state");
    let database = Database::new(shop.pool).queue(JobTable).tasks(tasks![send_confirmation, Pack]);
    Router::new()
        .route("/orders", post(order))
        .layer(ScopeLayer::new().executor(mails))
        .with_state(database)
}

#[airlock::task(name = "step_3.send_confirmation")]
pub(crate) async fn send_confirmation(
    #[state] smtp: &Smtp,
    order_id: i64,
    email: String,
) -> Result<(), String> {
    let sent = smtp.send(format!("confirmation of {order_id} to {email}")).await;
    sent.map_err(|error| format!("{error:?}"))
}

#[airlock::task(name = "step_3.send_newsletter", best_effort)]
async fn send_newsletter(#[state] smtp: &Smtp, email: String) -> Result<(), String> {
    smtp.send(format!("newsletter to {email}")).await.map_err(|error| format!("{error:?}"))
}

/// The service's own table.
struct JobTable;

impl Queue<SqliteConnection> for JobTable {
    async fn push(
        &self,
        tx: &mut SqliteConnection,
        batch: &mut Batch,
    ) -> Result<(), DispatchError> {
        let mut rows = Vec::with_capacity(batch.len());
        for (index, intent) in batch.iter().enumerate() {
            let data = intent.to_json().map_err(|error| DispatchError::only(index, error))?;
            rows.push((intent.name(), data));
        }
        for (name, data) in rows {
            let inserted = insert(tx, name, &data).await;
            inserted.map_err(|error| DispatchError::all(format!("{error:?}")))?;
        }
        Ok(())
    }
}

async fn order(
    State(database): State<Database<sqlx::Sqlite>>,
    Json(order): Json<Order>,
) -> Result<StatusCode, Error> {
    database
        .transaction(async |tx: &mut SqliteConnection| place_with_effects(tx, &order).await)
        .await?;
    Ok(StatusCode::CREATED)
}

/// Domain code, which is passed the transaction.
async fn place_with_effects(tx: &mut SqliteConnection, order: &Order) -> Result<(), Error> {
    let id = place(tx, order).await?;
    send_confirmation::enqueue(id, order.email.clone())?;
    send_newsletter::enqueue(order.email.clone())?;
    Pack { order_id: id }.intent().enqueue()?;
    reserve(tx, order).await
}
