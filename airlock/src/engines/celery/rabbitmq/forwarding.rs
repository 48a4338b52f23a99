//! What follows failed messages, which is published in the background: a broker whose memory or disk is nearly full
//! confirms nothing for as long as that lasts, and then everything that was published meanwhile.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::tokio::sync::Mutex;
use ::tokio::time::{sleep, timeout};

use crate::core::backoff::Backoff;
use crate::core::task::called::BoxError;
use crate::engines::celery::RabbitMq;
use crate::engines::celery::rabbitmq::RabbitMqReceipt;
use crate::engines::shared::rabbitmq::Broker;
use crate::engines::shared::refusals::Refused;
use crate::worker::{Settled, log};

/// How long the worker waits for the broker to confirm what follows failed messages, before it goes on.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a worker that shuts down waits for it.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// How long to wait before a broker that can't be reached is asked again.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100)).longest(Duration::from_secs(10));

/// What a worker has published and the broker has not confirmed.
#[derive(Default)]
pub(super) struct Forwarding {
    /// Whoever publishes holds it: what follows a message is not published again while the broker may confirm it.
    turn: Mutex<()>,
    /// Messages that stay unsettled, because the broker refuses what has to be published first.
    refused: Refused<RabbitMqReceipt>,
    /// A connection of its own, which outlives those that flushes give up.
    broker: OnceLock<Broker>,
}

impl RabbitMq {
    /// Settles messages whose successors are published first, after those that came before; waits for that a while.
    pub(super) async fn forward_in_turn(
        &self,
        forwarded: Vec<(usize, Settled<RabbitMqReceipt>)>,
    ) -> Result<Vec<usize>, BoxError> {
        let (this, forwarding, messages) = self.forwarder(forwarded.len());
        let is_behind = forwarding.turn.try_lock().is_err();
        // Boxed, because a future of lapin's is large.
        let forwarding = Box::pin(async move {
            let _turn = forwarding.turn.lock().await;
            this.forward_all(forwarded, &forwarding.refused).await
        });
        let patience = if is_behind { Duration::ZERO } else { PATIENCE };
        let Ok(forwarded) = timeout(patience, self.broker.spawn(forwarding)).await else {
            let late = format!(
                "{} does not confirm what follows failed messages ({messages}), as when its memory or disk is nearly full: \
                 they stay unsettled until it does",
                self.broker.address()
            );
            log::engine_trouble("settle", &late.into());
            return Ok(Vec::new());
        };
        Ok(forwarded?)
    }

    /// The handle that publishes for this worker.
    fn forwarder<T>(&self, with: T) -> (Self, Arc<Forwarding>, T) {
        let forwarding = self.consumer.forwarding.clone();
        let broker = forwarding.broker.get_or_init(|| self.broker.apart()).clone();
        (Self { broker, ..self.clone() }, forwarding, with)
    }

    /// Settles what it is given; the numbers of those that were no longer the worker's.
    async fn forward_all(
        &self,
        forwarded: Vec<(usize, Settled<RabbitMqReceipt>)>,
        refused: &Refused<RabbitMqReceipt>,
    ) -> Vec<usize> {
        // What came over a connection that is lost is delivered again.
        let is_held =
            |(_, one): &(usize, Settled<RabbitMqReceipt>)| one.receipt.delivery.acker.usable();
        let (mut held, lost): (Vec<_>, Vec<_>) = forwarded.into_iter().partition(is_held);
        let mut lost: Vec<_> = lost.into_iter().map(|(number, _)| number).collect();
        let mut failures = 0;
        while !held.is_empty() {
            let (numbers, settled): (Vec<_>, Vec<_>) = held.iter().cloned().unzip();
            match self.settle_most(&settled).await {
                Ok(refusals) => {
                    let of_these = refused.keep(&settled, refusals);
                    lost.extend(of_these.into_iter().map(|index| numbers[index]));
                    break;
                }
                Err(error) => {
                    failures += 1;
                    log::engine_trouble("settle", &error);
                    sleep(BACKOFF.after(failures)).await;
                    // Some of it may be settled.
                    held.retain(is_held);
                }
            }
        }
        lost
    }

    /// Tries again to settle what the broker has refused so far, unless it is busy with what came before.
    pub(super) async fn retry_refused(&self) -> Result<(), BoxError> {
        let (this, forwarding, ()) = self.forwarder(());
        if forwarding.turn.try_lock().is_err() {
            return Ok(());
        }
        let retrying = Box::pin(async move {
            let _turn = forwarding.turn.lock().await;
            let settle = async |again: Vec<_>| this.settle_most(&again).await;
            forwarding.refused.retry(settle).await
        });
        self.broker.spawn(retrying).await?
    }

    /// Settles what it can when the worker shuts down.
    pub(super) async fn forward_the_rest(&self) -> Result<(), BoxError> {
        let forwarding = &self.consumer.forwarding;
        if timeout(CLOSE_PATIENCE, forwarding.turn.lock()).await.is_err() {
            let late =
                "the broker has not confirmed what follows some messages: it delivers them again";
            return Err(late.into());
        }
        self.retry_refused().await
    }
}
