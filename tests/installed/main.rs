//! The configuration of a process, which is installed once: a process of its own.

use std::sync::Mutex;

use airlock::{AlreadyConfigured, Bound, EnqueueError, Intent, block_tasks};

static RAN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn ran() -> Vec<String> {
    std::mem::take(&mut *RAN.lock().expect("not poisoned"))
}

#[airlock::task(name = "mail")]
fn mail(n: u64) {
    let _ = n;
}

#[airlock::task(name = "audit")]
fn audit(n: u64) {
    let _ = n;
}

fn configuration() -> airlock::Configuration {
    let collect = |intent: Intent| {
        RAN.lock().expect("not poisoned").push(intent.to_string());
        Ok::<_, std::convert::Infallible>(())
    };
    airlock::configure().executor(collect).policy(block_tasks![audit]).limit(3)
}

/// One test, for its steps need an order.
#[test]
fn what_is_installed_holds_everywhere_unless_overridden() {
    // Before, tasks run here and nothing is noted.
    airlock::scope().run(|| mail::enqueue(0)).expect("flushed").expect("enqueued");
    assert!(ran().is_empty());

    configuration().install().expect("the first time");
    let again = configuration().install().expect_err("the second time");
    assert_eq!(again, AlreadyConfigured);
    assert!(again.to_string().contains("configured already"), "{again}");

    let body = || {
        mail::enqueue(1)?;
        audit::enqueue(2)?;
        mail::enqueue(3)
    };
    airlock::scope().run(body).expect("flushed").expect("enqueued");
    assert_eq!(ran(), ["mail(n: 1)", "mail(n: 3)"]);
    std::thread::spawn(move || airlock::scope().run(body).expect("flushed").expect("enqueued"))
        .join()
        .expect("no panic");
    assert_eq!(ran(), ["mail(n: 1)", "mail(n: 3)"], "on every thread");
    let run = airlock::scope().run_async(async { body() });
    futures::executor::block_on(run).expect("flushed").expect("enqueued");
    assert_eq!(ran(), ["mail(n: 1)", "mail(n: 3)"], "in futures");

    let full = airlock::scope().run(|| (0..4).try_for_each(mail::enqueue));
    assert!(matches!(
        full.expect("nothing to flush"),
        Err(EnqueueError::Full(_, Bound::Intents(3)))
    ));

    // An override replaces the whole of it, in its block.
    airlock::configure()
        .run(|| airlock::scope().run(|| (0..9).try_for_each(mail::enqueue)))
        .expect("flushed")
        .expect("enqueued");
    assert!(ran().is_empty());

    // A capture sees what the installed policy would do.
    let (_, effects) = airlock::testing::capture(|| audit::enqueue(1));
    assert!(!effects.inspection().own()[0].passes());
}
