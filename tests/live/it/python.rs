//! Real workers of Celery and Dramatiq, with the tasks of `python/celery_app.py` and
//! `python/dramatiq_app.py`.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::servers::given;
use crate::unique;

/// How long a worker may take to start, or to receive something.
const PATIENCE: Duration = Duration::from_mins(1);

/// A worker that reads a queue of its own, and notes what it receives. It is killed when this is
/// dropped.
pub(crate) struct Worker {
    queue: String,
    folder: TempDir,
    child: Child,
}

impl Worker {
    /// A Celery worker on the broker of a URL.
    pub(crate) async fn celery(broker: &str) -> Self {
        Self::celery_with(broker, &json!({})).await
    }

    /// The same with options of the transport.
    pub(crate) async fn celery_with(broker: &str, options: &Value) -> Self {
        let arguments = "-m celery --app celery_app worker --pool solo --loglevel INFO \
            --without-gossip --without-mingle --without-heartbeat";
        Self::start(broker, arguments, options).await
    }

    /// A Dramatiq worker on the broker of a URL.
    pub(crate) async fn dramatiq(broker: &str) -> Self {
        Self::start(broker, "dramatiq_app.py", &json!({})).await
    }

    /// The queue that it reads, which it has declared.
    pub(crate) fn queue(&self) -> &str {
        &self.queue
    }

    /// Waits until it has received that many messages; all that it has received then. Each has
    /// `name`, `id`, `args`, `kwargs` and what else the application notes.
    pub(crate) async fn received(&self, count: usize) -> Vec<Value> {
        self.events("received", count).await
    }

    /// What it printed, which is its log.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).expect("its output")
    }

    async fn start(broker: &str, arguments: &str, options: &Value) -> Self {
        let folder = TempDir::new().expect("a folder for the worker");
        let queue = unique::name("airlock");
        let output = File::create(folder.path().join("output")).expect("a file");
        let child = Command::new(given("AIRLOCK_PYTHON"))
            .args(arguments.split_whitespace())
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("python"))
            .env("AIRLOCK_BROKER_URL", broker)
            .env("AIRLOCK_QUEUE", &queue)
            .env("AIRLOCK_TRANSPORT_OPTIONS", options.to_string())
            .env("AIRLOCK_RECORD", folder.path().join("record"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the file twice"))
            .stderr(output)
            .spawn()
            .expect("AIRLOCK_PYTHON names an interpreter");
        let worker = Self { queue, folder, child };
        worker.events("ready", 1).await;
        worker
    }

    async fn events(&self, kind: &str, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let events: Vec<_> =
                self.record().into_iter().filter(|event| event["event"] == kind).collect();
            if events.len() >= count {
                return events;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{count} × {kind} expected, not {events:#?}\n{}",
                self.output()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The lines that are whole.
    fn record(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("record")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().expect("the worker can be killed");
        self.child.wait().expect("the worker ends");
    }
}
