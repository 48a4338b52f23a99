//! Policies that travel: what a task enqueues in a worker is judged by those under which it was enqueued.

use std::sync::atomic::{AtomicU32, Ordering};

use airlock::{
    BoxError, EnqueueError, Intent, Limit, Policy, StaysHere, Verdict, apalis, block_tasks, tasks,
};
use serde::{Deserialize, Serialize};

static MAILS: AtomicU32 = AtomicU32::new(0);

#[airlock::task(name = "mail.shipped")]
fn send_mail(order_id: u64) {
    MAILS.fetch_add(1, Ordering::Relaxed);
    println!("a mail about order {order_id}");
}

#[airlock::task(name = "warehouse.ship")]
fn ship(order_id: u64) -> Result<(), EnqueueError> {
    println!("order {order_id} is shipped");
    send_mail::enqueue(order_id)
}

/// A policy of the program's, which goes along with its settings.
#[derive(Serialize, Deserialize)]
struct NoMailsAbout {
    orders: Vec<u64>,
}

#[airlock::travels(name = "no-mails-about")]
impl Policy for NoMailsAbout {
    fn allows(&self, intent: &Intent) -> Verdict {
        let about = |arguments: &serde_json::Value| arguments["order_id"].as_u64();
        match about(&intent.arguments()) {
            Some(order) if intent.name() == "mail.shipped" && self.orders.contains(&order) => {
                Verdict::Drop
            }
            _ => Verdict::Allow,
        }
    }
}

/// Ships orders by way of a queue, under a policy; how many mails that made.
async fn shipped(orders: &[u64], policy: impl Policy) -> Result<u32, BoxError> {
    let queue = apalis::Sqlite::connect("sqlite::memory:").await?;
    queue.setup().await?;
    let before = MAILS.load(Ordering::Relaxed);
    airlock::scope()
        .policy(policy)
        .executor(queue.clone())
        .run_async(async { orders.iter().copied().try_for_each(|order| ship::enqueue(order)) })
        .await??;

    // Elsewhere, later: the worker knows nothing of the scope.
    let worker = airlock::worker().serving(tasks![ship, send_mail]).executor(queue.clone());
    let pool = queue.pool().clone();
    let idle = async move {
        let waiting = "SELECT count(*) FROM Jobs WHERE status IN ('Pending', 'Queued', 'Running')";
        while !matches!(sqlx::query_scalar(waiting).fetch_one(&pool).await, Ok(0_i64)) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    worker.build()?.run(queue, idle).await?;
    Ok(MAILS.load(Ordering::Relaxed) - before)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    println!("An admin ships without mails:");
    assert_eq!(shipped(&[1, 2], block_tasks![send_mail]).await?, 0);

    println!("A policy of the program's:");
    assert_eq!(shipped(&[3, 4], NoMailsAbout { orders: vec![3] }).await?, 1);

    println!("What a limit remembers is this flush's, and would be lost there:");
    let refused = shipped(&[5], Limit::per_flush(10)).await.expect_err("it can't travel");
    println!("{refused}");
    assert_eq!(shipped(&[5], StaysHere(Limit::per_flush(10))).await?, 1);
    Ok(())
}
