//! A future that is dropped rolls back and discards.

use std::time::Duration;

use sqlx::SqliteConnection;
use tokio::time::timeout;

use super::shop::{Shop, place};
use crate::support::ShopError;

#[tokio::test]
async fn a_body_that_is_dropped_rolls_back_and_discards() {
    let shop = Shop::open().await;
    let database = shop.database();
    let placed = database.transaction(async |tx: &mut SqliteConnection| {
        place(tx, shop.mails, 1).await?;
        std::future::pending::<()>().await;
        Ok::<_, ShopError>(())
    });
    timeout(Duration::from_millis(50), placed).await.expect_err("it never ends");
    assert_eq!((shop.orders().await, shop.mails.sent()), (vec![], vec![]));
    assert_eq!(shop.reports.fates(), ["discarded: cancelled"]);
}
