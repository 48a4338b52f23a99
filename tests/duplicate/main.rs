//! Two tasks of one name in one binary: a binary of its own, for its registry is of no use.

use airlock::{BlockTasks, Inline, NamedTasksError, StatesError, Task, ThreadPool};

mod mail {
    #[airlock::task(name = "send")]
    pub(crate) fn send_mail(order_id: u64) {
        let _ = order_id;
    }
}

mod parcel {
    #[airlock::task(name = "send")]
    pub(crate) fn send_parcel(order_id: u64) {
        let _ = order_id;
    }

    #[airlock::task]
    pub(crate) fn track(order_id: u64) {
        let _ = order_id;
    }
}

#[test]
fn the_registry_names_both_places() {
    let error = airlock::registry().expect_err("two have one name");
    let (mail, parcel) = (mail::send_mail::info().place(), parcel::send_parcel::info().place());
    for place in [mail, parcel] {
        assert!(place.file().ends_with("duplicate/main.rs"), "{place}");
    }
    assert!(mail < parcel, "{mail}, {parcel}");
    let text = error.to_string();
    assert!(text.contains(&format!("\n  `send`: {mail} and {parcel}")), "{text}");
    assert!(text.contains("#[airlock::task(name = \"…\")]"), "{text}");
    let pairs: Vec<_> = error.iter().map(|(a, b)| (a.name(), b.name())).collect();
    assert_eq!(pairs, [("send", "send")]);
    assert_eq!(airlock::registry().expect_err("every time").to_string(), text);
}

#[test]
fn everything_that_needs_the_registry_fails_with_that_error() {
    let error = BlockTasks::named(["duplicate::parcel::track"]).expect_err("nobody can say");
    assert!(matches!(error, NamedTasksError::Duplicates(_)), "{error}");
    let error = Inline::builder().build().expect_err("nobody can say");
    assert!(matches!(error, StatesError::Duplicates(_)), "{error}");
    ThreadPool::builder().build().expect_err("nobody can say");
    airlock::tokio::Tasks::builder().build().expect_err("nobody can say");
}

#[test]
fn what_needs_no_registry_works_and_distinguishes_the_two() {
    let (_, sealed) = airlock::scope().policy(airlock::block_tasks![mail::send_mail]).seal(|| {
        mail::send_mail::enqueue(1)?;
        parcel::send_parcel::enqueue(2)?;
        parcel::track::enqueue(3)
    });
    let report = sealed.flush().expect("flushed");
    assert_eq!((report.dropped(), report.dispatched()), (1, 2));
    assert!(mail::send_mail::info() != parcel::send_parcel::info());
}
