//! What a body's value says of its success.

use std::process::ExitCode;

use airlock::{Outcome, Success};

use crate::support::{Ran, block_on, note};

fn flushes<R: Outcome>(value: R) -> bool {
    let (sync, asynchronous) = (Ran::new(), Ran::new());
    let succeeded = value.succeeded();
    let value = sync
        .scope()
        .run(|| {
            note::enqueue(1).expect("enqueued");
            value
        })
        .expect("no failure");
    let run = asynchronous.scope().run_async(async {
        note::enqueue(1).expect("enqueued");
        value
    });
    drop(block_on(run).expect("no failure"));
    assert_eq!(sync.list(), asynchronous.list());
    assert_eq!(!sync.list().is_empty(), succeeded);
    succeeded
}

#[test]
fn a_result_succeeds_when_it_is_ok() {
    assert!(flushes(Ok::<_, ()>(0)));
    assert!(!flushes(Err::<u8, _>("no")));
}

#[test]
fn a_unit_succeeds() {
    assert!(flushes(()));
}

#[test]
fn an_exit_code_succeeds_when_it_is_success() {
    assert!(flushes(ExitCode::SUCCESS));
    assert!(!flushes(ExitCode::FAILURE));
    assert!(!flushes(ExitCode::from(3)));
}

#[test]
fn anything_wrapped_succeeds() {
    assert!(flushes(Success(None::<u8>)));
    let Success(value) = airlock::scope().run(|| Success("kept")).expect("nothing to flush");
    assert_eq!(value, "kept");
}

#[test]
fn a_type_of_ones_own_says_for_itself() {
    struct Answer(u16);
    impl Outcome for Answer {
        fn succeeded(&self) -> bool {
            self.0 < 400
        }
    }
    assert!(flushes(Answer(399)));
    assert!(!flushes(Answer(400)));
}
