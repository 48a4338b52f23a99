//! How far the worker is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use airlock::worker::{Served, Worker};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::tally::Tally;

/// Tells how far a worker is, until it is ended.
pub(crate) struct Progress {
    stop: oneshot::Sender<()>,
    telling: JoinHandle<()>,
}

/// How many jobs there are, and who knows of more.
type Expected = Option<(u64, Tally)>;

impl Progress {
    pub(crate) fn start(worker: &Worker, expected: Expected) -> Self {
        let (stop, stopped) = oneshot::channel();
        let worker = worker.clone();
        let telling = if std::io::stderr().is_terminal() {
            tokio::spawn(bar(worker, expected, stopped))
        } else {
            tokio::spawn(lines(worker, expected, stopped))
        };
        Self { stop, telling }
    }

    /// Tells of the end as well.
    pub(crate) async fn end(self) {
        drop(self.stop);
        let _ = self.telling.await;
    }
}

fn length(expected: &Expected) -> Option<u64> {
    expected.as_ref().map(|(enqueued, tally)| enqueued + tally.enqueued())
}

async fn bar(worker: Worker, expected: Expected, mut stopped: oneshot::Receiver<()>) {
    let bar = match expected {
        Some(_) => ProgressBar::new(0).with_style(style("{bar:40} {pos}/{len} {msg}")),
        None => ProgressBar::new_spinner().with_style(style("{spinner} {pos} {msg}")),
    };
    loop {
        let served = worker.served();
        if let Some(length) = length(&expected) {
            bar.set_length(length);
        }
        bar.set_position(served.done + served.dead);
        bar.set_message(served.to_string());
        if ended(&mut stopped, Duration::from_millis(100)).await {
            return bar.finish();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

async fn lines(worker: Worker, expected: Expected, mut stopped: oneshot::Receiver<()>) {
    let mut told = Served::default();
    loop {
        let over = ended(&mut stopped, Duration::from_secs(1)).await;
        let served = worker.served();
        if served != told {
            told = served;
            let of = length(&expected).map(|length| format!(" of {length}")).unwrap_or_default();
            eprintln!("{}{of}: {served}", served.done + served.dead);
        }
        if over {
            return;
        }
    }
}

/// Waits for a while; whether the worker has ended meanwhile.
async fn ended(stopped: &mut oneshot::Receiver<()>, pause: Duration) -> bool {
    tokio::time::timeout(pause, stopped).await.is_ok()
}
