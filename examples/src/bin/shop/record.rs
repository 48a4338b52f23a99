//! What requests asked for, and what became of that: kept for the pages. What was changed has its record in
//! the same transaction; what failed has one if that can be, and never in the way of the answer.

use airlock::Report;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::ShopError;
use crate::orders::Order;
use crate::outbox::Outbox;
use crate::store::{Connection, Store};

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

/// Keeps what becomes of a change, with the change: this is a row of its transaction, as its effects are.
pub(crate) async fn of_change(
    shop: &mut Connection<'_>,
    name: &'static str,
    order: &Order,
) -> Result<(), ShopError> {
    let outcome = format!("Order {} is {}.", order.id, order.state);
    of_transaction(shop, name, Some(order.id), &outcome).await
}

/// The same of what is no single order's.
pub(crate) async fn of_transaction(
    shop: &mut Connection<'_>,
    name: &'static str,
    order_id: Option<i64>,
    outcome: &str,
) -> Result<(), ShopError> {
    let effects = json!(with_the_commit()).to_string();
    Ok(shop.insert_record(name, order_id, outcome, &effects).await?)
}

/// What the commit makes of each effect of the transaction: a job, unless a policy drops it.
fn with_the_commit() -> Vec<Effect> {
    let Some(scope) = airlock::current() else { return Vec::new() };
    let seen = scope.inspect();
    let effects = seen.own().iter().chain(seen.captured());
    effects
        .map(|effect| {
            let dropped = effect.verdicts().iter().find(|(_, verdict)| !verdict.is_allow());
            Effect {
                task: effect.name().to_owned(),
                arguments: effect.arguments().clone(),
                fate: match dropped {
                    None => "dispatched".to_owned(),
                    Some((policy, _)) => format!("dropped by {policy}"),
                },
                since: Since::Nothing,
            }
        })
        .collect()
}

/// Keeps what became of a change that was rolled back; what can't be kept is in the log.
pub(crate) async fn of_failure(
    store: &Store,
    name: &'static str,
    error: &ShopError,
    report: &Report,
) {
    let effects = report.to_json()["entries"].to_string();
    let (order_id, outcome) = (error.order_id(), error.public());
    let kept = async {
        store.acquire().await?.connection().insert_record(name, order_id, &outcome, &effects).await
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
