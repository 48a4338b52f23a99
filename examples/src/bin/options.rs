//! Options: what a task, or one intent of it, asks of the executor that carries it out.

use std::error::Error;
use std::time::Duration;

use airlock::{Intent, UnsupportedOption};

#[airlock::task(name = "mail.reminder", queue = "emails", max_attempts = 5)]
fn send_reminder(order_id: u64) {
    println!("a reminder about order {order_id}");
}

/// Stands for a job engine that knows queues, delays and attempts.
fn engine(intent: &Intent) -> Result<(), UnsupportedOption> {
    if intent.options().priority().is_some() {
        return Err(UnsupportedOption::new("priority", "engine"));
    }
    println!(
        "{intent}: queue {}, at most {} attempts, after {:?}",
        intent.effective_queue().unwrap_or("default"),
        intent.effective_max_attempts().unwrap_or(1),
        intent.options().delay().unwrap_or_default(),
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let later = || send_reminder::intent(2).queue("bulk").delay(Duration::from_mins(1));
    assert_eq!(send_reminder::intent(1).effective_queue(), Some("emails"));
    assert_eq!(later().effective_queue(), Some("bulk"));
    assert_eq!(later().effective_max_attempts(), Some(5));

    airlock::scope().executor(|intent: Intent| engine(&intent)).run(|| {
        send_reminder::enqueue(1)?;
        later().enqueue()?;
        send_reminder::intent(3).max_attempts(1).enqueue()
    })??;

    // What an executor can't honour is an error, and nothing is ignored in silence.
    let error = airlock::scope()
        .executor(|intent: Intent| engine(&intent))
        .run(|| send_reminder::intent(4).priority(9).enqueue())
        .expect_err("it knows no priorities");
    println!("{error}");
    let error = airlock::scope().run(|| later().enqueue()).expect_err("it runs here, at once");
    println!("{error}");
    assert!(error.to_string().contains("`Inline` can't honour the option `delay`"));
    assert_eq!(error.into_intents()[0].options().delay(), Some(Duration::from_mins(1)));
    Ok(())
}
