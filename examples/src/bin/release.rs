//! `release`: an outer scope lets chosen intents of nested scopes leave when those end.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

use airlock::{Task, block_tasks};

static AUDITED: AtomicU32 = AtomicU32::new(0);
static MAILED: AtomicU32 = AtomicU32::new(0);

#[airlock::task]
fn audit(user_id: u64) {
    println!("audit: user {user_id} tried");
    AUDITED.fetch_add(1, Ordering::Relaxed);
}

#[airlock::task]
fn send_mail(user_id: u64) {
    println!("mail to user {user_id}");
    MAILED.fetch_add(1, Ordering::Relaxed);
}

#[airlock::scoped]
fn sign_up(user_id: u64) -> Result<(), Box<dyn Error>> {
    audit::enqueue(user_id)?;
    send_mail::enqueue(user_id)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    // The audit of an attempt is to stay, even where the import as a whole fails.
    let import = airlock::scope().release(|intent| intent.name() == audit::NAME).run(|| {
        sign_up(1)?;
        assert_eq!(AUDITED.load(Ordering::Relaxed), 1, "has left already");
        sign_up(2)?;
        Err::<(), Box<dyn Error>>("line 3 is broken".into())
    })?;
    println!("{}", import.expect_err("broken"));
    assert_eq!((AUDITED.load(Ordering::Relaxed), MAILED.load(Ordering::Relaxed)), (2, 0));

    // A release says when, never whether: policies still judge.
    airlock::scope().policy(block_tasks![audit]).release_all().run(|| sign_up(3))??;
    assert_eq!((AUDITED.load(Ordering::Relaxed), MAILED.load(Ordering::Relaxed)), (2, 1));
    Ok(())
}
