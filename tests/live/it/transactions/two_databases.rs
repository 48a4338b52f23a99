//! Two databases, of which one is killed between the commits.

use std::sync::Arc;

use airlock::transaction::{TransactionError, commit_all};
use airlock_transactions::placing::send_mail;

use super::shop::{Shop, insert};
use crate::proxy::Proxy;
use crate::servers::Own;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn the_error_says_which_is_committed_and_has_the_effects() {
    let server = Arc::new(tokio::task::spawn_blocking(Own::postgres).await.expect("a server"));
    let (shop, stock) = (Shop::open().await, Shop::on(&server.url()).await);
    let proxy = Proxy::to(&shop.url);
    let mut first = shop.database_at(proxy.url()).await.begin().await.expect("begun");
    let mut second = stock.database().await.begin().await.expect("begun");
    insert(&mut first, 1).await.expect("inserted");
    insert(&mut second, 1).await.expect("inserted");
    first.run(|_| send_mail::enqueue(1)).expect("in a scope");
    second.run(|_| send_mail::enqueue(2)).expect("in a scope");
    // The first has committed, and nobody has heard of it yet.
    let killed = Arc::clone(&server);
    proxy.at_answer("COMMIT", move |answer| {
        killed.kill();
        answer.to_vec()
    });
    let committed = commit_all([("shop", first.into()), ("stock", second.into())]).await;
    let Err(TransactionError::Several(error)) = committed else { panic!("one is killed") };
    println!("two databases, one killed between the commits: {error}");
    assert_eq!(error.committed(), ["shop"]);
    let (name, failed) = error.failed().expect("one failed");
    assert_eq!((name, failed.is_certain()), ("stock", false));
    let handed_back = error.into_intents().len();
    println!("2 effects: 0 left, {handed_back} handed back");
    assert_eq!(handed_back, 2);
    assert_eq!(shop.orders().await, [1]);
    // Which runs for as long as it is held.
    let _server = tokio::task::spawn_blocking(move || {
        server.start_again();
        server
    })
    .await
    .expect("started again");
    let pool = sqlx::PgPool::connect(&stock.url).await.expect("connected");
    let orders: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM orders").fetch_all(&pool).await.expect("orders");
    assert_eq!(orders, [0; 0]);
}
