//! A process is killed at every step, and at random: orders and their mails are there together or not
//! at all.

use std::process::{Command, Stdio};
use std::time::Duration;

use airlock_transactions::placing::{STEPS, STOP};

use super::shop::Shop;

fn placing(shop: &Shop, first: i64, count: i64) -> Command {
    let mut placing = Command::new(env!("CARGO_BIN_EXE_placing"));
    placing.args([format!("sqlite:{}", shop.path()), first.to_string(), count.to_string()]);
    placing.arg("apalis").stderr(Stdio::null());
    placing
}

/// Orders without their mails, and mails without their orders.
async fn apart(shop: &Shop) -> (usize, usize) {
    let (orders, mut jobs) = (shop.orders().await, shop.jobs().await);
    jobs.sort_unstable();
    let without =
        |some: &[i64], others: &[i64]| some.iter().filter(|id| !others.contains(id)).count();
    (without(&orders, &jobs), without(&jobs, &orders))
}

#[tokio::test]
async fn killed_at_every_step() {
    let shop = Shop::open().await;
    shop.jobs_queue().await;
    let mut placed = Vec::new();
    for (order, step) in (1..).zip(STEPS) {
        let status = placing(&shop, order, 1).env(STOP, step).status().expect("started");
        assert!(!status.success() && status.code().is_none(), "killed {step}: {status}");
        let is_placed = shop.orders().await.contains(&order);
        assert_eq!(is_placed, ["after commit", "at the end"].contains(&step), "{step}");
        placed.extend(is_placed.then_some(order));
    }
    let (orders, mails) = apart(&shop).await;
    println!(
        "SQLite, killed at each of {} steps: {} orders; without their mails: {orders}; mails without \
         their orders: {mails}",
        STEPS.len(),
        placed.len(),
    );
    assert_eq!((orders, mails), (0, 0));
    assert_eq!(shop.orders().await, placed);
}

#[tokio::test]
async fn killed_at_random() {
    const KILLS: i64 = 200;
    let shop = Shop::open().await;
    shop.jobs_queue().await;
    // From before it connects to in the midst of its transactions, however slow the machine is.
    let mut longest = 40_000;
    for kill in 0..KILLS {
        let mut child = placing(&shop, kill * 100_000, 100_000).spawn().expect("started");
        let wait = u64::try_from(kill).unwrap_or(0) * 7_919 % longest;
        tokio::time::sleep(Duration::from_micros(wait)).await;
        child.kill().expect("killed");
        child.wait().expect("ended");
        if kill % 20 == 19 && shop.orders().await.is_empty() {
            longest *= 2;
        }
    }
    let (orders, mails) = apart(&shop).await;
    let placed = shop.orders().await.len();
    println!(
        "SQLite, killed {KILLS} times at random: {placed} orders; without their mails: {orders}; mails \
         without their orders: {mails}",
    );
    assert!(placed > 0);
    assert_eq!((orders, mails), (0, 0));
}
