//! `#[state]` parameters: no arguments, but what the executor supplies, such as a connection.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use airlock::Inline;

/// A mail server.
struct Smtp {
    host: &'static str,
    sent: AtomicU32,
}

#[airlock::task(name = "mail.welcome")]
async fn send_welcome(#[state] smtp: &Arc<Smtp>, user_id: u64) {
    tokio::task::yield_now().await;
    println!("{} takes a mail for user {user_id}", smtp.host);
    smtp.sent.fetch_add(1, Ordering::Relaxed);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A state that is missing is found when the executor is built, not when the task first runs.
    let error = Inline::builder().build().expect_err("there is no mail server");
    println!("{error}");
    assert!(error.to_string().contains("`mail.welcome`"));
    assert!(error.to_string().contains("Smtp"));

    let smtp = Arc::new(Smtp { host: "mail.example.com", sent: AtomicU32::new(0) });
    let inline = Inline::builder().state(smtp.clone()).build()?;

    // Whoever enqueues knows nothing of mail servers.
    let welcome = async { (1..=3).try_for_each(|id| send_welcome::enqueue(id)) };
    airlock::scope().executor(inline).run_async(welcome).await??;
    assert_eq!(smtp.sent.load(Ordering::Relaxed), 3);

    // The function is still an ordinary one.
    send_welcome(&smtp, 4).await;
    assert_eq!(smtp.sent.load(Ordering::Relaxed), 4);
    Ok(())
}
