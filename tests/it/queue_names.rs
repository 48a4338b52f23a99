//! A queue's name is not empty, wherever it is given: no worker would serve it.

use std::convert::Infallible;
use std::panic::catch_unwind;
use std::time::SystemTime;

use airlock::apalis::{Postgres, Sqlite};
use airlock::envelope::Envelope;
use airlock::graphile::Graphile;
use airlock::{Intent, Route};
use sqlx::{PgPool, SqlitePool};

use crate::support::note;

#[track_caller]
fn assert_refused<T>(named: impl FnOnce() -> T + std::panic::UnwindSafe) {
    let panic = catch_unwind(named).err().expect("it is refused");
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).expect("a text");
    assert!(text.starts_with("a queue's name can't be empty: write one"), "{text}");
}

#[test]
fn an_intent_and_an_envelope_and_a_route_refuse_it() {
    assert_refused(|| note::intent(1).queue(""));
    assert_refused(|| note::intent(1).queue(String::new()));
    let envelope = Envelope::of(&note::intent(1), SystemTime::now()).expect("it has JSON");
    assert_refused(move || envelope.with_queue(""));
    assert_refused(|| Route::to(|_: Intent| Ok::<_, Infallible>(())).queue(""));
}

/// Those that need no server to be made; the others are in `tests/live`.
#[tokio::test]
async fn handles_refuse_it() {
    let postgres = || PgPool::connect_lazy("postgres://127.0.0.1:1/shop").expect("a URL");
    let sqlite = || SqlitePool::connect_lazy("sqlite::memory:").expect("a URL");
    macro_rules! refuse {
        ($($handle:expr),+) => {
            $(
                assert_refused(std::panic::AssertUnwindSafe(|| $handle.queue("")));
                assert_refused(std::panic::AssertUnwindSafe(|| $handle.queues(["one", ""])));
            )+
        };
    }
    refuse!(Postgres::new(postgres()), Graphile::new(postgres()), Sqlite::new(sqlite()));
}
