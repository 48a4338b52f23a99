//! Settling messages.

use std::borrow::Cow;

use crate::core::task::called::BoxError;
use crate::engines::celery::Redis;
use crate::engines::celery::headers::after_failure;
use crate::engines::celery::redis::RedisReceipt;
use crate::engines::celery::redis::keys::{Keys, mark};
use crate::engines::celery::redis::letter::KeptLetter;
use crate::engines::celery::redis::message::StoredMessage;
use crate::engines::celery::redis::script::{SETTLE, millis};
use crate::engines::shared::redis::StepBudget;
use crate::engines::shared::refusals::Refusals;
use crate::worker::{Settled, Settlement};

impl Redis {
    /// Settles messages, other than those that the server refuses.
    ///
    /// # Errors
    ///
    /// Where the server can't be reached, or refuses all of a queue.
    pub(super) async fn settle_most(
        &self,
        settled: &[Settled<RedisReceipt>],
    ) -> Result<Refusals, BoxError> {
        let mut refusals = Refusals::default();
        for queue in &self.serves {
            self.settle_in(queue, settled, &mut refusals).await?;
        }
        Ok(refusals)
    }

    /// Settles the messages of one queue.
    async fn settle_in(
        &self,
        queue: &str,
        settled: &[Settled<RedisReceipt>],
        refusals: &mut Refusals,
    ) -> Result<(), BoxError> {
        let of_queue = settled.iter().enumerate().filter(|(_, one)| one.receipt.queue == queue);
        // Backwards, so that what is given back ends up in the order in which it was taken.
        let of_queue: Vec<_> = of_queue.rev().collect();
        for step in StepBudget::steps(&of_queue, |(_, one)| one.receipt.raw.len()) {
            // Forwards, because a dead letter has the time at which its arguments are made.
            let arguments: Vec<_> =
                step.iter().rev().map(|(_, one)| arguments(&self.keys, one)).collect();
            let (refused, reason, not_held): (Vec<usize>, String, Vec<usize>) = self
                .run(&SETTLE, |script| {
                    let keys = &self.keys;
                    script.key(keys.held(queue)).key(keys.leases(queue));
                    script.key(keys.delayed(queue));
                    script.key(keys.dead(queue)).key(keys.dead_since(queue));
                    script.key(keys.begun(queue)).key(keys.deaths(queue));
                    script.key(keys.dead_bodies(queue));
                    for ((_, one), (what, a, b, c)) in step.iter().zip(arguments.into_iter().rev())
                    {
                        script.arg(what).arg(&one.receipt.tag).arg(a).arg(b).arg(&*c);
                    }
                })
                .await?;
            refusals.lost.extend(not_held.iter().map(|index| step[*index].0));
            for refused in refused {
                refusals.add(step[refused].0, format!("{}: {reason}", self.server.address()));
            }
        }
        let settled = of_queue.iter().filter(|(index, _)| !refusals.indices.contains(index));
        self.consumer.held.forget(settled.map(|(_, one)| &*one.receipt.tag));
        Ok(())
    }
}

/// The script's arguments for a message, other than its tag.
fn arguments<'a>(
    keys: &Keys,
    Settled { receipt, settlement }: &'a Settled<RedisReceipt>,
) -> (&'a str, String, Vec<u8>, Cow<'a, str>) {
    let RedisReceipt { id, unique_key, list, raw, attempt, .. } = receipt;
    match settlement {
        Settlement::Done => ("done", id.clone(), Vec::new(), unique_key.into()),
        Settlement::Dead { reason } => {
            let letter = KeptLetter::new(receipt, reason).to_json();
            if receipt.unread {
                let prefix = keys.unique(&receipt.queue, "");
                return ("unread", String::new(), letter, prefix.into());
            }
            ("dead", id.clone(), letter, unique_key.into())
        }
        Settlement::Return => {
            let lists = keys.lists(&receipt.queue);
            ("return", lists[list - 1].clone(), Vec::new(), "".into())
        }
        Settlement::Retry { after, reason } => {
            let message = match reason {
                None => raw.to_vec(),
                Some(reason) => {
                    StoredMessage::of(raw).with(after_failure(*attempt, *after, reason))
                }
            };
            let message = [vec![mark(*list)], message].concat();
            ("retry", millis(*after).to_string(), message, "".into())
        }
    }
}
