//! `AssertNoEffects`: code that claims to be pure is held to it.

use std::error::Error;
use std::panic::catch_unwind;

use airlock::{AssertNoEffects, EnqueueError, testing};

#[airlock::task(name = "mail.offer")]
fn send_offer(user_id: u64) {
    unreachable!("user {user_id} must not get one");
}

fn total(prices: &[u64]) -> u64 {
    prices.iter().sum()
}

/// Claims to compute, and does more.
fn discount(user_id: u64) -> Result<u64, EnqueueError> {
    send_offer::enqueue(user_id)?;
    Ok(10)
}

/// The same, and hides that it was told off.
fn sly_discount(user_id: u64) -> u64 {
    discount(user_id).unwrap_or(0)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("The policy refuses at the line that enqueues:");
    let refused = airlock::scope().policy(AssertNoEffects).run(|| discount(7))?;
    let error = refused.expect_err("it has an effect");
    println!("  {error}");
    assert_eq!(error.arguments(), "user_id: 7");
    assert!(error.origin().file().ends_with("assert_no_effects.rs"));

    println!("In tests, the function of the same name also sees what was swallowed:");
    assert_eq!(testing::assert_no_effects(|| total(&[1, 2, 3])), 6);
    let caught = catch_unwind(|| testing::assert_no_effects(|| sly_discount(7)));
    let panic = caught.expect_err("swallowed, but seen");
    let message = panic.downcast_ref::<String>().ok_or("a panic with a message")?;
    println!("  {message}");
    assert!(message.contains("mail.offer(user_id: 7) was enqueued at"));
    Ok(())
}
