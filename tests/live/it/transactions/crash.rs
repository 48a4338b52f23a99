//! A process is killed at every step, and at random: orders and their mails are there together or not
//! at all.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use airlock_transactions::placing::{STEPS, STOP};

use super::shop::Shop;

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn with_apalis() {
    let shop = Shop::open().await;
    shop.apalis().await;
    killed(&shop, "apalis").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn with_graphile() {
    let shop = Shop::open().await;
    shop.graphile().await;
    killed(&shop, "graphile").await;
}

async fn killed(shop: &Shop, queue: &str) {
    const KILLS: i64 = 200;
    let placing = |first: i64, count: i64| {
        let mut placing = Command::new(env!("CARGO_BIN_EXE_placing_postgres"));
        placing.args([&*shop.url, &first.to_string(), &count.to_string(), queue]);
        placing.stderr(Stdio::null());
        placing
    };
    for (order, step) in (1..).zip(STEPS) {
        let status = placing(order, 1).env(STOP, step).status().expect("started");
        assert!(status.code().is_none(), "killed {step}: {status}");
        let is_placed = shop.orders().await.contains(&order);
        assert_eq!(is_placed, ["after commit", "at the end"].contains(&step), "{step}");
    }
    let begun = Instant::now();
    for kill in 1..=KILLS {
        let mut child = placing(kill * 100_000, 100_000).spawn().expect("started");
        // From before it connects to in the midst of its transactions.
        let wait = u64::try_from(kill).unwrap_or(0) * 7_919 % 60_000;
        tokio::time::sleep(Duration::from_micros(wait)).await;
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    // What the server still has in hand of those killed ends first.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (orders, jobs) = match queue {
        "graphile" => (shop.orders().await, shop.graphile_jobs().await),
        _ => (shop.orders().await, shop.apalis_jobs().await),
    };
    let without = |some: &[i64], others: &[i64]| {
        let others: std::collections::HashSet<_> = others.iter().collect();
        some.iter().filter(|id| !others.contains(id)).count()
    };
    let apart = (without(&orders, &jobs), without(&jobs, &orders));
    println!(
        "PostgreSQL with {queue}, killed at {} steps and {KILLS} times at random in {:?}: {} orders; \
         without their mails: {}; mails without their orders: {}",
        STEPS.len(),
        begun.elapsed(),
        orders.len(),
        apart.0,
        apart.1,
    );
    assert!(orders.len() > 2);
    assert_eq!((apart, orders.len()), ((0, 0), jobs.len()));
}
