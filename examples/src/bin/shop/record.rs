//! What requests asked for, and what became of that: kept for the pages, and never in the way of a
//! request.

use airlock::Report;
use serde::Deserialize;
use serde::Serialize;

use crate::error::ShopError;
use crate::orders::Order;
use crate::outbox::Outbox;
use crate::store::Store;

/// A request, and each effect that it asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Record {
    pub(crate) id: i64,
    /// In seconds since 1970.
    pub(crate) at: i64,
    pub(crate) name: String,
    pub(crate) order_id: Option<i64>,
    pub(crate) outcome: String,
    pub(crate) effects: Vec<Effect>,
}

/// An effect that was asked for.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Effect {
    pub(crate) task: String,
    pub(crate) arguments: serde_json::Value,
    /// What became of it when its transaction ended.
    pub(crate) fate: String,
    /// What became of it since.
    #[serde(default)]
    pub(crate) since: Since,
}

/// What became of what was dispatched.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Since {
    /// Nothing had to.
    #[default]
    Nothing,
    /// It is in the queue, or a worker is at it.
    Waiting,
    /// A worker has done it: the mail's file.
    Done(String),
    /// Workers have given it up: why.
    GivenUp(String),
}

/// Keeps what became of a change; one that can't be kept is in the log.
pub(crate) async fn keep(
    store: &Store,
    name: &'static str,
    changed: &Result<Order, ShopError>,
    report: &Report,
) {
    let (order_id, outcome) = match changed {
        Ok(order) => (Some(order.id), format!("Order {} is {}.", order.id, order.state)),
        Err(error) => (error.order_id(), error.public()),
    };
    keep_outcome(store, name, order_id, &outcome, report).await;
}

/// The same of what is no single order's.
pub(crate) async fn keep_outcome(
    store: &Store,
    name: &'static str,
    order_id: Option<i64>,
    outcome: &str,
    report: &Report,
) {
    let effects = report.to_json()["entries"].to_string();
    let kept = async {
        store.acquire().await?.connection().insert_record(name, order_id, outcome, &effects).await
    };
    if let Err(error) = kept.await {
        tracing::error!(%error, name, %report, "what became of a request can't be kept");
    }
}

/// The last records, the newest first; of one order where one is named.
pub(crate) async fn list(
    store: &Store,
    outbox: &Outbox,
    order_id: Option<i64>,
) -> Result<Vec<Record>, ShopError> {
    let mut records = store.acquire().await?.connection().records(order_id).await?;
    let given_up = store.given_up().await?;
    for effect in records.iter_mut().flat_map(|record| &mut record.effects) {
        if effect.fate == "dispatched"
            && let Some(order_id) = effect.arguments["order_id"].as_i64()
        {
            let dead = given_up.iter().find(|dead| dead.is(&effect.task, order_id));
            effect.since = match (outbox.delivered(&effect.task, order_id), dead) {
                (Some(file), _) => Since::Done(file),
                (None, Some(dead)) => Since::GivenUp(dead.reason.clone()),
                (None, None) => Since::Waiting,
            };
        }
    }
    Ok(records)
}
