//! The reason of a dead letter.

use std::error::Error;
use std::fmt;

use airlock::{TaskSet, tasks};

use super::memory::Memory;
use super::{serve, worker};
use crate::support::Ran;

pub(super) fn tasks() -> TaskSet {
    tasks![caused]
}

#[derive(Debug)]
struct Caused(&'static str, Option<Box<Caused>>);

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Caused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

/// Fails with a chain of causes, one of which its error says itself.
#[airlock::task(max_attempts = 1)]
fn caused() -> Result<(), Caused> {
    let refused = Caused("connection refused", None);
    let smtp = Caused("no SMTP: connection refused", Some(Box::new(refused)));
    Err(Caused("the mail did not go out", Some(Box::new(smtp))))
}

#[tokio::test]
async fn a_reason_has_the_whole_chain_of_causes() {
    let memory = Memory::new();
    memory.send(&caused::intent());
    serve(worker(&Ran::new()), &memory).await;
    assert_eq!(
        memory.dead(),
        "the mail did not go out: no SMTP: connection refused (attempt 1 of 1)",
    );
}

#[tokio::test]
async fn a_reason_is_no_longer_than_an_engine_can_keep() {
    let memory = Memory::new();
    memory.send(&long::intent("ä".repeat(1 << 20)));
    serve(airlock::worker().serving(tasks![long]), &memory).await;
    let reason = memory.dead();
    assert!(
        reason.starts_with("ää") && reason.ends_with("ä… (attempt 1 of 1)"),
        "{}",
        reason.len()
    );
    assert!(reason.len() < 9_000, "{} bytes", reason.len());
}

#[airlock::task(max_attempts = 1)]
fn long(text: String) -> Result<(), String> {
    Err(text)
}
