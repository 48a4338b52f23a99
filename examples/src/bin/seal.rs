//! `seal`: run the body now, decide later, and only once.

use std::error::Error;

#[airlock::task(name = "mail.news")]
fn send_news(user_id: u64) {
    println!("news for user {user_id}");
}

fn write_to_all(users: u64) -> Result<u64, airlock::EnqueueError> {
    (1..=users).try_for_each(|id| send_news::enqueue(id))?;
    Ok(users)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (users, sealed) = airlock::scope().named("newsletter").seal(|| write_to_all(3));
    assert_eq!(users?, 3);

    // The intents can be looked at; none can be added, and none has left.
    let names: Vec<_> = sealed.intents().map(ToString::to_string).collect();
    println!("{}", names.join("\n"));
    assert_eq!(names[2], "mail.news(user_id: 3)");

    // Both ends consume the scope, so that a second flush does not compile.
    let report = if sealed.len() <= 3 { sealed.flush()? } else { sealed.discard() };
    println!("{report}");
    assert_eq!(report.dispatched(), 3);

    let (_, too_many) = airlock::scope().seal(|| write_to_all(1_000));
    let report = if too_many.len() <= 3 { too_many.flush()? } else { too_many.discard() };
    assert_eq!((report.dispatched(), report.discarded()), (0, 1_000));
    println!("1000 were too many: {}", report.entries()[0]);
    Ok(())
}
