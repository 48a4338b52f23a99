//! Messages that no worker can run are kept, and the others run. Those that nobody can read, and those
//! that panic or end their process, are among the faults.

use airlock::envelope::Envelope;
use airlock_live::Engine;

use crate::engines::fixture::{Fixture, note, notes};

#[airlock::task(name = "engines.unserved")]
fn unserved() {}

pub(crate) async fn a_task_that_the_worker_does_not_serve_is_kept<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    fixture.send([unserved::intent(), note::intent(1)]).await;
    let served = fixture.serve_until_ran(1).await;
    assert_eq!((served.done, served.dead), (1, 1));
    let letter = fixture.letter().await;
    assert_eq!(letter.task.as_deref(), Some("engines.unserved"));
    assert!(letter.reason.contains("add it to `.serving(…)`"), "{letter:?}");
}

/// As another version of the program may have sent it. Of the engines whose messages are not airlock's,
/// Python sends it.
pub(crate) async fn a_task_that_nobody_knows_is_kept<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let mut sent = 0;
    if E::ENVELOPES {
        let known = Envelope::of(&note::intent(1), std::time::SystemTime::now()).expect("JSON");
        let known = String::from_utf8(known.to_json()).expect("UTF-8");
        let unknown = known.replace("engines.note", "engines.noted");
        fixture.engine.put(&fixture.place.url, fixture.queue(), unknown.as_bytes()).await;
        sent = 1;
    }
    fixture.send(notes([1])).await;
    let all = async || fixture.runs.count() == 1 && fixture.letters().await.len() == sent;
    let worker = fixture.worker().unknown_for(std::time::Duration::ZERO);
    let served = fixture.serve_with(worker, &fixture.engine, all).await;
    assert_eq!((served.done, served.dead), (1, sent as u64));
    if E::ENVELOPES {
        let letter = fixture.letter().await;
        assert_eq!(letter.task.as_deref(), Some("engines.noted"));
        assert!(letter.reason.contains("did you mean `engines.note`?"), "{letter:?}");
    }
}
