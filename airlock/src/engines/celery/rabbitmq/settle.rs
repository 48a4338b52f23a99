//! Settling messages: what follows a message is published first, and then the message is acknowledged.

use std::collections::BTreeSet;
use std::time::SystemTime;

use futures_util::future::{FutureExt, join_all};
use lapin::options::{BasicAckOptions, BasicNackOptions};
use serde_json::{Value, json};

use crate::core::cut::shortened;
use crate::core::task::called::BoxError;
use crate::engines::celery::RabbitMq;
use crate::engines::celery::headers::{self, iso8601};
use crate::engines::celery::rabbitmq::RabbitMqReceipt;
use crate::engines::celery::rabbitmq::forward::forward;
use crate::engines::shared::rabbitmq::{NewDelivery, answered};
use crate::worker::{Settled, Settlement};

/// How much of a reason is kept: headers have to fit into one frame.
const REASON_LENGTH: usize = 8 * 1024;

/// Messages that stay unsettled, because the broker refuses what has to be published first.
#[derive(Default)]
pub(super) struct Refusals {
    pub(super) indices: BTreeSet<usize>,
    /// What the broker says of one of them.
    pub(super) reason: Option<BoxError>,
}

impl Refusals {
    fn add(&mut self, index: usize, reason: BoxError) {
        self.indices.insert(index);
        self.reason.get_or_insert(reason);
    }

    /// What to log about them.
    pub(super) fn describe(&self, reason: &BoxError) -> BoxError {
        let messages = match self.indices.len() {
            1 => "1 message".to_owned(),
            messages => format!("{messages} messages"),
        };
        format!("{messages} can't be put where they belong, and stay unsettled: {reason}").into()
    }
}

impl RabbitMq {
    /// Settles messages, other than those that the broker refuses.
    ///
    /// # Errors
    ///
    /// Where the broker can't be reached, or the connection is lost half-way.
    pub(super) async fn settle_most(
        &self,
        settled: &[Settled<RabbitMqReceipt>],
    ) -> Result<Refusals, BoxError> {
        let is_forwarded = |one: &Settled<_>| {
            matches!(one.settlement, Settlement::Retry { .. } | Settlement::Dead { .. })
        };
        if settled.iter().any(is_forwarded) {
            // The broker can be reached: any error from here on is about a single message.
            self.broker.channel().await?.release();
        }
        let mut refusals = Refusals::default();
        let successors = self.successors(settled, &mut refusals).await;
        let lost = self.publish_successors(successors, &mut refusals).await;
        acknowledge(settled, &refusals).await;
        lost.map_or(Ok(refusals), Err)
    }

    /// What has to be published, each with the index of its message.
    async fn successors(
        &self,
        settled: &[Settled<RabbitMqReceipt>],
        refusals: &mut Refusals,
    ) -> Vec<(usize, NewDelivery)> {
        let mut successors = Vec::new();
        for (index, Settled { receipt, settlement }) in settled.iter().enumerate() {
            // Without a usable acker the message is settled already, or its connection is lost and the
            // broker delivers it again.
            if !receipt.delivery.acker.usable() {
                continue;
            }
            match self.successor(receipt, settlement).await {
                Ok(None) => {}
                Ok(Some(message)) => successors.push((index, message)),
                Err(error) => refusals.add(index, error),
            }
        }
        successors
    }

    /// What has to be published before a message may be acknowledged.
    async fn successor(
        &self,
        receipt: &RabbitMqReceipt,
        settlement: &Settlement,
    ) -> Result<Option<NewDelivery>, BoxError> {
        let shortened = |reason: &String| shortened(reason.clone(), REASON_LENGTH);
        let RabbitMqReceipt { delivery, queue, attempt } = receipt;
        match settlement {
            Settlement::Done | Settlement::Return => Ok(None),
            Settlement::Retry { after, reason } => {
                let waiting = self.delay_queue(queue, *after).await?;
                let failure = reason.as_ref();
                let failure = failure
                    .map(|reason| headers::after_failure(*attempt, *after, &shortened(reason)));
                forward(delivery, waiting, failure.into_iter().flatten()).map(Some)
            }
            Settlement::Dead { reason } => {
                let dead = self.dead_queue(queue).await?;
                let headers: [(_, Value); 4] = [
                    (headers::REASON, shortened(reason).into()),
                    (headers::ATTEMPTS, json!(attempt)),
                    (headers::SINCE, iso8601(SystemTime::now()).into()),
                    (headers::QUEUE, queue.as_str().into()),
                ];
                forward(delivery, dead, headers).map(Some)
            }
        }
    }

    /// Publishes what has to be; why the rest was not sent, where the connection is lost half-way.
    async fn publish_successors(
        &self,
        successors: Vec<(usize, NewDelivery)>,
        refusals: &mut Refusals,
    ) -> Option<BoxError> {
        if successors.is_empty() {
            return None;
        }
        let (of, outgoing): (Vec<_>, Vec<_>) = successors.into_iter().unzip();
        let published = self.broker.publish(outgoing).await;
        for (index, error) in published.failures {
            refusals.add(of[index], error);
        }
        refusals.indices.extend(&of[published.attempted..]);
        published.cause
    }

    /// Tries again to settle what the broker has refused so far.
    ///
    /// # Errors
    ///
    /// Where it refuses some of them again: they stay for the next time.
    pub(super) async fn retry_refused(&self) -> Result<(), BoxError> {
        let again = std::mem::take(&mut *self.consumer.refused());
        if again.is_empty() {
            return Ok(());
        }
        let still = self.settle_most(&again).await.unwrap_or_else(|error| Refusals {
            indices: (0..again.len()).collect(),
            reason: Some(error),
        });
        let refused = again.into_iter().enumerate();
        let refused = refused.filter(|(index, _)| still.indices.contains(index));
        self.consumer.refused().extend(refused.map(|(_, one)| one));
        still.reason.as_ref().map_or(Ok(()), |reason| Err(still.describe(reason)))
    }
}

/// Acknowledges messages, other than the refused ones. What a worker gives back is requeued.
async fn acknowledge(settled: &[Settled<RabbitMqReceipt>], refusals: &Refusals) {
    let settled = settled.iter().enumerate();
    let settled = settled.filter(|(index, _)| !refusals.indices.contains(index));
    let settled: Vec<_> = settled.map(|(_, one)| one).collect();
    let acknowledging = settled.iter().map(|one| async {
        let acker = &one.receipt.delivery.acker;
        match one.settlement {
            Settlement::Return => {
                acker.nack(BasicNackOptions { requeue: true, multiple: false }).await
            }
            _ => acker.ack(BasicAckOptions::default()).await,
        }
    });
    // Many acknowledgements go out together. Where one fails, its connection is lost, and the broker
    // delivers the message again.
    let lives = || settled.iter().all(|one| !one.receipt.delivery.acker.poisoned());
    drop(answered(lives, join_all(acknowledging).map(Ok)).await);
}
