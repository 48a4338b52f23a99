//! A batch becomes envelopes.

use airlock::envelope::{Envelope, of_batch};
use airlock::{Batch, DispatchError, Executor};

use super::{intent_of, keep, mail, read, text};
use crate::support::Ran;

/// Sends envelopes, and honours a queue and no other option.
struct Sends(Ran);

impl Executor for Sends {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        for envelope in of_batch(batch, "Sends", &["queue"])? {
            self.0.push(text(&envelope));
        }
        Ok(())
    }
}

#[test]
fn a_batch_becomes_envelopes_in_order() {
    let ran = Ran::new();
    let flushed = airlock::scope().executor(Sends(ran.clone())).run(|| {
        mail::enqueue(1, None)?;
        keep::enqueue(2.into())?;
        mail::intent(3, None).queue("bulk").enqueue()
    });
    flushed.expect("flushed").expect("enqueued");
    let came: Vec<_> = ran.list().iter().map(|json| read(json)).collect();
    let calls: Vec<_> = came.iter().map(|came| intent_of(came).expect("its own")).collect();
    assert_eq!(
        calls,
        ["mail(order_id: 1, note: null)", "keep(value: 2)", "mail(order_id: 3, note: null)"]
    );
    let queues: Vec<_> = came.iter().map(Envelope::queue).collect();
    assert_eq!(queues, [Some("emails"), None, Some("bulk")]);
    assert!(came.is_sorted_by(|a, b| a.id() < b.id() && a.enqueued_at() == b.enqueued_at()));
}

#[test]
fn an_option_that_is_not_honoured_keeps_the_whole_batch() {
    let ran = Ran::new();
    let flushed = airlock::scope().executor(Sends(ran.clone())).run(|| {
        mail::enqueue(1, None)?;
        mail::intent(2, None).queue("bulk").unique_key("2").enqueue()?;
        mail::enqueue(3, None)
    });
    let error = flushed.expect_err("a unique key is not honoured");
    assert!(error.to_string().contains("`Sends` can't honour the option `unique_key`"), "{error}");
    assert_eq!(error.into_intents().len(), 3);
    assert!(ran.list().is_empty());
}
