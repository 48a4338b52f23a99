//! `Limit` and `Coalesce`: policies that remember what else leaves the scope.

use std::error::Error;

use airlock::{Coalesce, Limit};

#[airlock::task(name = "search.reindex")]
fn reindex(product_id: u64) {
    println!("product {product_id} can be found");
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("Identical intents leave once:");
    let (done, sealed) = airlock::scope()
        .policy(Coalesce)
        .seal(|| [7, 8, 7, 7, 8].into_iter().try_for_each(|id| reindex::enqueue(id)));
    done?;
    let report = sealed.flush()?;
    assert_eq!((report.dispatched(), report.dropped()), (2, 3));

    println!("At most three of a flush leave:");
    let (done, sealed) = airlock::scope()
        .policy(Limit::per_flush(3))
        .seal(|| (1..=10).try_for_each(|id| reindex::enqueue(id)));
    done?;
    // To look does not use the limit up.
    let inspection = sealed.inspect();
    assert_eq!(inspection.own().iter().filter(|intent| intent.passes()).count(), 3);
    assert_eq!(sealed.flush()?.dispatched(), 3);

    println!("The inner of two is asked first, and the outer sees what passed:");
    let (done, sealed) = airlock::scope()
        .policy((Coalesce, Limit::per_flush(3)))
        .seal(|| [1, 1, 1, 2, 2, 3, 4].into_iter().try_for_each(|id| reindex::enqueue(id)));
    done?;
    let report = sealed.flush()?;
    println!("{report}");
    let left = report.entries().iter().filter(|entry| *entry.fate() == airlock::Fate::Dispatched);
    let left: Vec<_> = left.map(|entry| entry.arguments()["product_id"].as_u64()).collect();
    assert_eq!(left, [Some(1), Some(2), Some(3)]);
    Ok(())
}
