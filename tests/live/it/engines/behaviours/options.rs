//! What an intent may ask for is done, or refused by name.

use std::time::{Duration, SystemTime};

use airlock::Intent;
use airlock::worker::Settlement;
use airlock_live::{Engine, Sender};

use crate::engines::fixture::{Fixture, fail, flush, note, notes};

fn with(option: &str, queue: &str) -> Intent {
    let intent = note::intent(2);
    match option {
        "queue" => intent.queue(queue.to_owned()),
        "delay" => intent.delay(Duration::from_mins(1)),
        "at" => intent.at(SystemTime::now() + Duration::from_mins(1)),
        "expires" => intent.expires(Duration::from_mins(1)),
        "priority" => intent.priority(9),
        "max_attempts" => intent.max_attempts(2),
        "unique_key" => intent.unique_key(queue.to_owned()),
        _ => panic!("there is no option {option}"),
    }
}

/// Of an option that the engine refuses nothing else is to be tested: whether that is so, and that it does.
pub(super) async fn refuses<S: Sender>(option: &str) -> bool {
    let refuses = S::REFUSES.contains(&option);
    if refuses {
        let fixture = Fixture::<S>::new().await;
        let intents = [note::intent(1), with(option, fixture.queue()), note::intent(3)];
        let error = flush(&fixture.engine, intents).await.expect_err("refused");
        let said = format!("can't honour the option `{option}`");
        assert!(error.to_string().contains(&said), "{error}");
        assert_eq!((error.report().failed(), error.report().not_attempted()), (1, 2));
        assert_eq!(fixture.held().await, 0, "nothing of the batch leaves");
        println!("{}: {error}", S::NAME);
    }
    refuses
}

pub(crate) async fn each_option_is_taken_or_refused_by_name<S: Sender>() {
    for option in ["queue", "delay", "at", "expires", "priority", "max_attempts", "unique_key"] {
        if !refuses::<S>(option).await {
            let fixture = Fixture::<S>::new().await;
            assert_eq!(fixture.counts([with(option, fixture.queue())]).await, (1, 0), "{option}");
        }
    }
}

pub(crate) async fn the_highest_priority_goes_first_and_equal_ones_in_order<E: Engine>() {
    if refuses::<E>("priority").await {
        return;
    }
    let fixture = Fixture::<E>::new().await;
    // Celery has four steps over Redis.
    let priorities = [(1, 0), (2, 255), (3, 70), (4, 255), (5, 140), (6, 70)];
    fixture.send(priorities.map(|(number, to)| note::intent(number).priority(to))).await;
    fixture.serve_until_ran(6).await;
    assert_eq!(fixture.runs.numbers(), [2, 4, 5, 3, 6, 1]);
}

pub(crate) async fn a_time_in_the_past_is_now<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let past = SystemTime::now() - Duration::from_hours(1);
    fixture.send([note::intent(1).at(past), note::intent(2).at(SystemTime::UNIX_EPOCH)]).await;
    let served = fixture.serve_until_ran(2).await;
    assert_eq!((served.done, served.returned), (2, 0));
}

pub(crate) async fn a_task_is_tried_as_often_as_its_intent_says<E: Engine>() {
    if refuses::<E>("max_attempts").await {
        return;
    }
    let fixture = Fixture::<E>::new().await;
    fixture.send([note::intent(1).max_attempts(7)]).await;
    let consumer = fixture.open().await;
    let messages = consumer.take(1).await;
    assert_eq!(messages[0].max_attempts, Some(7));
    consumer.settle(messages, Settlement::Done).await;
    consumer.close().await;

    fixture.send([fail::intent(2, 9).max_attempts(2)]).await;
    for _ in 0..2 {
        let served = fixture.serve(async || !fixture.letters().await.is_empty()).await;
        assert_eq!((served.retried, served.dead), (1, 1));
        let letter = fixture.letter().await;
        assert!(letter.reason.ends_with("(attempt 2 of 2)"), "{letter:?}");
        // Also when it is tried anew.
        assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
    }
}

/// What is put back is to run, and not to expire at once.
pub(crate) async fn what_has_expired_is_kept_and_runs_when_it_is_put_back<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send([note::intent(7).expires(Duration::ZERO)]).await;
    fixture.send(notes([8])).await;
    let served = fixture.serve(async || !fixture.letters().await.is_empty()).await;
    assert_eq!(served.dead, 1);
    let letter = fixture.letter().await;
    assert!(letter.reason.starts_with("it expired at "), "{letter:?}");

    assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
    fixture.serve_until_ran(2).await;
    assert_eq!(fixture.runs.sorted(), [7, 8]);
}
