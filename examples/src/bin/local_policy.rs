//! A local policy: one more judge for a part of a scope's body, without a buffer of its own.

use std::error::Error;

use airlock::{DropAll, EnqueueError, Limit};

#[airlock::task(name = "search.reindex")]
fn reindex(product_id: u64) {
    println!("product {product_id} can be found");
}

#[airlock::task(name = "mail.news")]
fn send_news(product_id: u64) {
    println!("news about product {product_id}");
}

fn add(product_id: u64) -> Result<(), EnqueueError> {
    reindex::enqueue(product_id)?;
    send_news::enqueue(product_id)
}

/// The attribute puts a whole function under one.
#[airlock::policy(BlockTasks(send_news))]
fn add_quietly(product_id: u64) -> Result<(), EnqueueError> {
    add(product_id)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (added, sealed) = airlock::scope().seal(|| {
        add(1)?;
        add_quietly(2)?;
        airlock::policy(DropAll).run(|| add(3))?;
        // Local policies nest, and all of them are asked.
        airlock::policy(Limit::per_flush(1)).run(|| add(4).and_then(|()| add_quietly(5)))
    });
    added?;
    let report = sealed.flush()?;
    println!("{report}");

    let fates: Vec<_> = report.entries().iter().map(|entry| entry.fate().to_string()).collect();
    let expected = [
        ("dispatched", "dispatched"),
        ("dispatched", "dropped by BlockTasks"),
        ("dropped by DropAll", "dropped by DropAll"),
        ("dispatched", "dropped by Limit"),
        ("dropped by Limit", "dropped by BlockTasks"),
    ];
    assert_eq!(fates, expected.map(<[_; 2]>::from).concat());
    Ok(())
}
