//! Waiting for what the broker answers.

use std::io;
use std::time::Duration;

use ::tokio::select;
use ::tokio::time::sleep;
#[cfg(feature = "celery-rabbitmq")]
use ::tokio::time::timeout;

#[cfg(feature = "celery-rabbitmq")]
use crate::engines::shared::rabbitmq::ANSWER_TIMEOUT;

/// Waits for an answer as long as the connection lives.
///
/// The client drops a request silently in the moment in which its connection is lost: the future would
/// never end.
pub(crate) async fn answered<T>(
    lives: impl Fn() -> bool,
    answer: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    const CHECK_INTERVAL: Duration = Duration::from_millis(100);
    let connection_lost = async {
        while lives() {
            sleep(CHECK_INTERVAL).await;
        }
        // An answer that the broker did send has arrived by then.
        sleep(CHECK_INTERVAL).await;
    };
    select! {
        biased;
        answer = answer => answer,
        () = connection_lost => Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
    }
}

/// The same, bounded by a timeout.
#[cfg(feature = "celery-rabbitmq")]
pub(crate) async fn answered_in_time<T>(
    lives: impl Fn() -> bool,
    answer: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    let Ok(answer) = timeout(ANSWER_TIMEOUT, answered(lives, answer)).await else {
        let late = format!("it did not answer within {ANSWER_TIMEOUT:?}");
        return Err(io::Error::new(io::ErrorKind::TimedOut, late).into());
    };
    answer
}
