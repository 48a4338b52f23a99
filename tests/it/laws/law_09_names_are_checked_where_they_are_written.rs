//! Law 9: **Names are checked where they are written.** In code: by the compiler. In configuration: at start,
//! with the nearest known name. Off the wire: refused by the worker with a clear error, and the message kept.
//!
//! The compiler's part is shown by `ui-tests/ui` (`block_tasks`, `allow_only`, `tasks` and their like).

use crate::support::quiet;
use airlock::envelope::Envelope;
use airlock::tasks;
use airlock::worker::Settlement;
use airlock::{AllowOnly, BlockTasks};
use std::time::{Duration, SystemTime};

use crate::policies::marks;

#[test]
fn names_from_a_configuration_are_checked_all_at_once() {
    let names = vec!["it::policies::mail".to_owned(), "it::policies::warehouse::notify".to_owned()];
    assert_eq!(marks(BlockTasks::named(&names).expect("known")), "d--");
    assert_eq!(marks(AllowOnly::named(names).expect("known")), "-dd");
    let error = BlockTasks::named(["it::policies::mial", "it::policies::mail", "zzz"])
        .expect_err("unknown");
    let text = error.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(
        lines[0],
        "no task is named `it::policies::mial`: did you mean `it::policies::mail`?"
    );
    assert!(lines[1].starts_with("no task is named `zzz`: check the name"), "{text}");
}

#[tokio::test]
async fn a_name_off_the_wire_is_refused_with_the_nearest_and_the_message_is_kept() {
    let intent = quiet::intent(1);
    let envelope = Envelope::of(&intent, SystemTime::now()).expect("it has JSON");
    let misspelt = Envelope::foreign(envelope.id(), "it::support::quite", envelope.arguments());
    let worker = airlock::worker().serving(tasks![quiet]).unknown_for(Duration::ZERO);
    let worker = worker.build().expect("it needs no state");
    let settlement = worker.perform(&misspelt.expect("it is JSON"), 1).await;
    // The engine keeps a dead letter.
    let Settlement::Dead { reason } = settlement else { panic!("{settlement}") };
    assert!(reason.contains("`it::support::quite`"), "{reason}");
    assert!(reason.contains("did you mean `it::support::quiet`?"), "{reason}");
}
