//! What fails is tried again, and kept in the end.

use airlock::tasks;
use airlock_live::Engine;

use crate::engines::fixture::{BACKOFF, Fixture, fail};
use crate::place::PATIENCE;

#[airlock::task(name = "engines.verbose")]
fn verbose() -> Result<(), String> {
    Err("ä".repeat(1_000_000))
}

pub(crate) async fn what_fails_is_tried_again_after_growing_waits<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send([fail::intent(1, 2)]).await;
    let served = fixture.serve_until_ran(3).await;
    assert_eq!((served.done, served.retried, served.dead), (1, 2, 0));
    let times = fixture.runs.times_of(1);
    let waits = [times[1] - times[0], times[2] - times[1]];
    println!("{}: waits {waits:?}", E::NAME);
    // Redis counts in whole milliseconds.
    let short = BACKOFF / 100;
    assert!(waits[0] + short >= BACKOFF && waits[1] + short >= 2 * BACKOFF, "{waits:?}");
}

pub(crate) async fn what_fails_for_good_is_kept_and_can_be_tried_anew<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send([fail::intent(2, 99)]).await;
    let is_kept = async || !fixture.letters().await.is_empty();
    let served = fixture.serve(is_kept).await;
    assert_eq!((served.done, served.retried, served.dead), (0, 2, 1));
    let letter = fixture.letter().await;
    assert_eq!(letter.reason, format!("failure{}3 (attempt 3 of 3)", E::NUL));
    assert_eq!((letter.attempts, &*letter.queue), (3, fixture.queue()));
    assert_eq!(letter.task.as_deref(), Some("engines.fail"));
    assert!(letter.since.elapsed().expect("in the past") < PATIENCE);
    assert!(letter.body.windows(2).any(|part| part == b"99"), "with its arguments");

    assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
    let served = fixture.serve(is_kept).await;
    assert_eq!((served.retried, served.dead), (2, 1), "all attempts are there again");
    let again = fixture.letter().await;
    assert_eq!((again.attempts, again.id == letter.id), (3, E::LETTERS_KEEP_THEIR_IDS));
    assert_eq!(fixture.runs.count(), 6);
}

pub(crate) async fn a_long_reason_is_kept<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send([verbose::intent().queue(fixture.queue().to_owned())]).await;
    let worker = fixture.worker().serving(tasks![verbose]).max_attempts(2);
    let is_kept = async || !fixture.letters().await.is_empty();
    assert_eq!(fixture.serve_with(worker, &fixture.engine, is_kept).await.dead, 1);
    let reason = fixture.letter().await.reason;
    assert!(reason.starts_with("ää"), "{}", reason.len());
}
