//! Settling messages: what follows a message is published first, and then the message is acknowledged.

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
use crate::engines::shared::rabbitmq::{NewDelivery, Patience, answered};
use crate::engines::shared::refusals::Refusals;
use crate::worker::{Settled, Settlement};

/// How much of a reason is kept: headers have to fit into one frame.
const REASON_LENGTH: usize = 8 * 1024;

impl RabbitMq {
    /// Settles messages: at once those that nothing follows, and the others once the broker has what does. Returns the
    /// indices of those that were no longer the worker's, as far as that is known by then.
    pub(super) async fn settle_all(
        &self,
        settled: &[Settled<RabbitMqReceipt>],
    ) -> Result<Vec<usize>, BoxError> {
        let is_forwarded = |(_, one): &(usize, Settled<_>)| {
            matches!(one.settlement, Settlement::Retry { .. } | Settlement::Dead { .. })
        };
        let all = settled.iter().cloned().enumerate();
        let (forwarded, others): (Vec<_>, Vec<_>) = all.partition(is_forwarded);
        let (places, others): (Vec<_>, Vec<_>) = others.into_iter().unzip();
        let mut lost = Vec::new();
        if !others.is_empty() {
            let of_these = acknowledge(&others, &Refusals::default()).await;
            lost.extend(of_these.into_iter().map(|index| places[index]));
        }
        if !forwarded.is_empty() {
            lost.extend(self.forward_in_turn(forwarded).await?);
        }
        Ok(lost)
    }

    /// Settles messages that others follow, other than those that the broker refuses.
    ///
    /// # Errors
    ///
    /// Where the broker can't be reached, or the connection is lost half-way.
    pub(super) async fn settle_most(
        &self,
        settled: &[Settled<RabbitMqReceipt>],
    ) -> Result<Refusals, BoxError> {
        // The broker can be reached: any error from here on is about a single message.
        self.broker.channel().await?.release();
        let mut refusals = Refusals::default();
        let successors = self.successors(settled, &mut refusals).await;
        let lost = self.publish_successors(successors, &mut refusals).await;
        refusals.lost = acknowledge(settled, &refusals).await;
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
        let room = self.broker.room_for_properties();
        match settlement {
            Settlement::Done | Settlement::Return => Ok(None),
            Settlement::Retry { after, reason } => {
                let waiting = self.delay_queue(queue, *after).await?;
                let failure = reason.as_ref();
                let failure = failure
                    .map(|reason| headers::after_failure(*attempt, *after, &shortened(reason)));
                forward(delivery, waiting, failure.into_iter().flatten(), room).map(Some)
            }
            Settlement::Dead { reason } => {
                let dead = self.dead_queue(queue).await?;
                let headers: [(_, Value); 4] = [
                    (headers::REASON, shortened(reason).into()),
                    (headers::ATTEMPTS, json!(attempt)),
                    (headers::SINCE, iso8601(SystemTime::now()).into()),
                    (headers::QUEUE, queue.as_str().into()),
                ];
                forward(delivery, dead, headers, room).map(Some)
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
        let published = self.broker.publish(outgoing, Patience::WhileConnected).await;
        for (index, error) in published.failures {
            refusals.add(of[index], error);
        }
        refusals.indices.extend(&of[published.attempted..]);
        published.cause
    }
}

/// Acknowledges messages, other than the refused ones. What a worker gives back is requeued. Returns the indices of
/// those whose connection is lost.
async fn acknowledge(settled: &[Settled<RabbitMqReceipt>], refusals: &Refusals) -> Vec<usize> {
    let settled = settled.iter().enumerate();
    let settled = settled.filter(|(index, _)| !refusals.indices.contains(index));
    let settled: Vec<_> = settled.collect();
    let acknowledging = settled.iter().map(|(_, one)| async {
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
    let is_lost = |one: &Settled<RabbitMqReceipt>| one.receipt.delivery.acker.poisoned();
    let lives = || settled.iter().all(|(_, one)| !is_lost(one));
    let acknowledged = answered(lives, join_all(acknowledging).map(Ok)).await.unwrap_or_default();
    let was_sent =
        |place: usize| acknowledged.get(place).is_some_and(|sent| matches!(sent, Ok(true)));
    let lost =
        settled.iter().enumerate().filter(|(place, (_, one))| is_lost(one) && !was_sent(*place));
    lost.map(|(_, (index, _))| *index).collect()
}
