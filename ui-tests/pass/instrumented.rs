//! Tasks under `#[tracing::instrument]` whose secrets it does not log.

use tracing::instrument;

#[airlock::task]
#[tracing::instrument(skip(token))]
fn skipped(order_id: u64, #[secret] token: String) {
    let _ = (order_id, token);
}

#[airlock::task]
#[instrument(level = "debug", skip_all, fields(order_id))]
async fn all_skipped(order_id: u64, #[secret] token: String) {
    let _ = (order_id, token);
}

#[airlock::task]
#[instrument(fields(token = token.len()))]
fn counted(#[secret] token: String) {
    let _ = token;
}

#[instrument(skip(token))]
#[airlock::task]
fn skipped_above(order_id: u64, #[secret] token: String) {
    let _ = (order_id, token);
}

#[tracing::instrument(fields(token = token.len()))]
#[airlock::task]
async fn counted_above(order_id: u64, #[secret] token: String) {
    let _ = (order_id, token);
}

#[airlock::task]
#[instrument]
fn without_secrets(order_id: u64) {
    let _ = order_id;
}

#[test]
fn they_are_tasks() {
    let (_, effects) = airlock::testing::capture(|| {
        skipped::enqueue(1, "x".to_owned())?;
        all_skipped::enqueue(1, "x".to_owned())?;
        counted::enqueue("x".to_owned())?;
        skipped_above::enqueue(1, "x".to_owned())?;
        counted_above::enqueue(1, "x".to_owned())?;
        without_secrets::enqueue(1)
    });
    assert_eq!(effects.len(), 6);
}
