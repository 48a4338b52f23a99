//! `Fallback` gives a second executor what the first did not dispatch.

use airlock::{DispatchError, Fallback, Intent};

use super::{Answer, Answers, became, flush};
use crate::support::Ran;

#[test]
fn fallback_sends_what_the_first_did_not_dispatch() {
    let (first, second) = (Ran::new(), Ran::new());
    let broker = Answers::new(&first, [|| Err(DispatchError::at(1, "cut"))]);
    let file = Answers::new(&second, [|| Ok(())]);
    flush(Fallback::new(broker, file), 4).expect("in the file");
    assert_eq!((first.list(), second.list()), (vec!["0 1 2 3".into()], vec!["1 2 3".into()]));
}

#[test]
fn fallback_is_not_asked_where_the_first_succeeds() {
    let second = Ran::new();
    let first = Answers::new(&Ran::new(), [|| Ok(())]);
    let file = Answers::new(&second, [|| Ok(())]);
    flush(Fallback::new(first, file), 2).expect("out");
    assert!(second.list().is_empty());
}

#[test]
fn fallback_gives_both_reasons() {
    let ran = Ran::new();
    let cases: [Case; 4] = [
        (
            || Err(DispatchError::at(1, "cut")),
            || Err(DispatchError::all("full")),
            ["dispatched", "failed: full, after: cut", "failed: full, after: cut"],
        ),
        (
            || Err(DispatchError::at(1, "cut")),
            || Err(DispatchError::refused("shut")),
            ["dispatched", "failed: shut, after: cut", "not attempted"],
        ),
        (
            || DispatchError::each(vec![(0, "a".into()), (2, "b".into())]),
            || Err(DispatchError::at(0, "full")),
            ["failed: full, after: a", "dispatched", "failed: b"],
        ),
        (
            || Err(DispatchError::refused("down")),
            || Err(DispatchError::at(1, "full")),
            ["dispatched", "failed: full, after: down", "not attempted"],
        ),
    ];
    for (first, second, expected) in cases {
        let fallback = Fallback::new(Answers::new(&ran, [first]), Answers::new(&ran, [second]));
        assert_eq!(became(&flush(fallback, 3).expect_err("both")), expected);
    }
}

#[test]
fn fallback_where_both_refuse_is_a_refusal() {
    let down = Answers::new(&Ran::new(), [|| Err(DispatchError::refused("down"))]);
    let shut = Answers::new(&Ran::new(), [|| Err(DispatchError::refused("shut"))]);
    let error = flush(Fallback::new(down, shut), 2).expect_err("both");
    assert!(error.to_string().starts_with("nothing was dispatched: shut, after: down"), "{error}");
    assert_eq!(error.report().not_attempted(), 2);
}

/// What the first answers, what the second does, and what becomes of three intents.
type Case = (fn() -> Answer, fn() -> Answer, [&'static str; 3]);

#[test]
fn fallback_does_not_send_an_intent_that_the_first_consumed() {
    #[airlock::task(local)]
    fn reply(n: u64, to: Unique) {
        let _ = (n, to);
    }
    /// Can't be copied.
    struct Unique;
    let seen = Ran::new();
    let kept = seen.clone();
    // A closure gets the intent itself, where there can be no copy.
    let first = |_: Intent| Err("busy");
    let second = move |intent: Intent| {
        kept.push(intent.name());
        Ok::<_, String>(())
    };
    let error = airlock::scope()
        .executor(Fallback::new(first, second))
        .run(|| reply::enqueue(1, Unique))
        .expect_err("the first has it");
    assert_eq!(became(&error), ["failed: busy"]);
    assert!(seen.list().is_empty());
}
