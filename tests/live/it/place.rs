//! Where a test's messages are, and the processes that work on them.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use airlock::worker::{Served, WorkerBuilder};
use airlock_live::{Engine, Record, Sender, Server, worker};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::proxy::Proxy;
use crate::servers::{self, Own};
use crate::unique;

/// How long anything may take before it counts as hung.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// Where a test's messages are: a queue of its own, and a record of what ran.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) queue: String,
    folder: Arc<TempDir>,
    own: Option<Arc<Own>>,
}

impl Place {
    /// On the server that all tests share.
    pub(crate) fn shared<S: Sender>() -> Self {
        let folder = TempDir::new().expect("a folder");
        let url = match S::SERVER {
            Server::File => format!("sqlite:{}", folder.path().join("jobs.db").display()),
            Server::Postgres => servers::postgres_url(),
            Server::Redis => servers::redis_url(),
            Server::RabbitMq => servers::amqp_url(),
        };
        Self { url, queue: unique::name("live"), folder: Arc::new(folder), own: None }
    }

    /// On another database of that server, or the same one by another address.
    pub(crate) fn at(url: &str) -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        Self { url: url.to_owned(), queue: unique::name("live"), folder, own: None }
    }

    /// On a server of the test's own.
    pub(crate) fn own<S: Sender>() -> Self {
        let own = match S::SERVER {
            Server::File => return Self::shared::<S>(),
            Server::Postgres => Own::postgres(),
            Server::Redis => Own::redis(),
            Server::RabbitMq => Own::rabbitmq(),
        };
        let folder = TempDir::new().expect("a folder");
        let (queue, folder) = (unique::name("live"), Arc::new(folder));
        Self { url: own.url(), queue, folder, own: Some(Arc::new(own)) }
    }

    /// On a server of the test's own, whose clock can be set.
    pub(crate) fn with_a_clock<S: Sender>() -> Self {
        let own = match S::SERVER {
            Server::Postgres => Own::postgres_with_a_clock(),
            Server::Redis => Own::redis_with_a_clock(),
            other => panic!("nobody sets the clock of {other:?}"),
        };
        Self { url: own.url(), own: Some(Arc::new(own)), ..Self::at("") }
    }

    /// On a server that says what was taken and is not acknowledged: RabbitMQ tells its operators alone.
    pub(crate) fn telling<S: Sender>() -> Self {
        if S::SERVER == Server::RabbitMq { Self::own::<S>() } else { Self::shared::<S>() }
    }

    /// Another queue on the same server.
    pub(crate) fn beside(&self) -> Self {
        let (folder, own) = (self.folder.clone(), self.own.clone());
        Self { url: self.url.clone(), queue: unique::name("live"), folder, own }
    }

    /// The same queue.
    pub(crate) fn again(&self) -> Self {
        let (folder, own) = (self.folder.clone(), self.own.clone());
        Self { url: self.url.clone(), queue: self.queue.clone(), folder, own }
    }

    /// The same queue, over a line that can be cut.
    pub(crate) fn over(&self, line: &Proxy) -> Self {
        Self { url: line.url().to_owned(), ..self.again() }
    }

    pub(crate) fn server(&self) -> &Arc<Own> {
        self.own.as_ref().expect("a server of the test's own")
    }

    /// Starts the server anew: a broker has its queues on its disk then.
    pub(crate) fn restart(&self) {
        self.server().stop();
        self.server().start_again();
    }

    pub(crate) async fn open<S: Sender>(&self) -> S {
        S::on_queue(&self.url, &self.queue).await.expect("opened")
    }

    pub(crate) async fn held<S: Sender>(&self, sender: &S) -> u64 {
        sender.held(&self.url, &self.queue).await as u64
    }

    /// Waits until every message of the queue is acknowledged, as the server itself says. On a place that
    /// [tells](Self::telling).
    pub(crate) async fn acknowledged<S: Sender>(&self, sender: &S) {
        let acknowledged = async || {
            self.held(sender).await == 0
                && (S::SERVER != Server::RabbitMq || self.unacknowledged() == 0)
        };
        eventually("all is acknowledged", acknowledged).await;
    }

    /// How many messages nobody has settled, by what the server itself says: those that wait, and those that workers
    /// have taken. On a place that [tells](Self::telling).
    pub(crate) async fn unsettled<S: Sender>(&self, sender: &S) -> u64 {
        if S::SERVER != Server::RabbitMq {
            return self.held(sender).await;
        }
        let queues = self.server().rabbitmqctl(&["list_queues", "name", "messages"]);
        let dead = format!("{}.dead", self.queue);
        let of = |line: &str| {
            let (name, messages) = line.split_once('\t')?;
            let is_ours = name.starts_with(&self.queue) && name != dead;
            is_ours.then(|| messages.trim().parse::<u64>().expect("a count"))
        };
        queues.lines().filter_map(of).sum()
    }

    /// How many messages of the queue consumers of RabbitMQ have not acknowledged.
    pub(crate) fn unacknowledged(&self) -> u64 {
        let queues = ["list_queues", "name", "messages_unacknowledged"];
        let queues = self.server().rabbitmqctl(&queues);
        let unacknowledged =
            queues.lines().find_map(|line| line.strip_prefix(&self.queue)?.trim().parse().ok());
        unacknowledged.unwrap_or_else(|| panic!("{} is there: {queues}", self.queue))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn record(&self) -> Record {
        Record::at(self.path("record"))
    }

    /// Runs what the queue holds until these orders have run and nothing is left.
    pub(crate) async fn serve<E: Engine>(
        &self,
        engine: &E,
        orders: impl IntoIterator<Item = u64>,
    ) -> Served {
        self.serve_with(worker(self.record()).prefetch(1_000), engine, orders).await
    }

    pub(crate) async fn serve_with<E: Engine>(
        &self,
        worker: WorkerBuilder,
        engine: &E,
        orders: impl IntoIterator<Item = u64>,
    ) -> Served {
        let worker = worker.build().expect("a worker");
        let orders: Vec<_> = orders.into_iter().collect();
        let record = self.record();
        let all_ran = async || {
            let ran = record.count("ran");
            orders.iter().all(|order| ran.contains_key(order)) && self.held(engine).await == 0
        };
        let served = worker.run(engine.clone(), eventually("all ran", all_ran));
        timeout(2 * PATIENCE, served).await.expect("it stops").expect("served")
    }

    /// A program of its own on this queue.
    pub(crate) fn child<E: Engine>(&self, action: &str, rest: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_child"));
        command.args([action, E::NAME, &self.url, &self.queue]).args(rest);
        command
    }

    /// A worker in a process of its own.
    pub(crate) fn worker<E: Engine>(&self, concurrency: u32, prefetch: u32) -> Child {
        self.recording::<E>("serve", &[&concurrency.to_string(), &prefetch.to_string()])
    }

    /// The same, of one task at a time, that notes what it asks and is answered: as the worker of this index.
    pub(crate) fn traced_worker<E: Engine>(&self, index: usize) -> Child {
        let trace = self.path("trace");
        let trace = trace.to_str().expect("a path in UTF-8");
        self.recording::<E>("trace", &[trace, &index.to_string()])
    }

    /// A worker in a process of its own that may not have more memory than this.
    pub(crate) fn bounded_worker<E: Engine>(&self, prefetch: u32, kibibytes: u64) -> Child {
        let path = self.path("record");
        let record = path.to_str().expect("a path in UTF-8");
        let child = self.child::<E>("serve", &[record, "1", &prefetch.to_string()]);
        let mut bounded = Command::new("bash");
        // Each thread's allocator would reserve memory of its own.
        bounded.env("MALLOC_ARENA_MAX", "1").args(["-c", "ulimit -v \"$0\" && exec \"$@\""]);
        bounded.arg(kibibytes.to_string()).arg(child.get_program()).args(child.get_args());
        let child = bounded.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        Child(child.spawn().expect("a process"))
    }

    /// A service in a process of its own, which sends orders from this one on.
    pub(crate) fn service<E: Engine>(&self, first: u64) -> Child {
        self.recording::<E>("send", &[&first.to_string()])
    }

    fn recording<E: Engine>(&self, action: &str, rest: &[&str]) -> Child {
        let path = self.path("record");
        let record = path.to_str().expect("a path in UTF-8");
        let mut command = self.child::<E>(action, &[&[record], rest].concat());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        Child(child.spawn().expect("a process"))
    }
}

/// A process that is killed when this is dropped.
pub(crate) struct Child(pub(crate) process::Child);

impl Child {
    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("ended");
    }

    /// Keeps it from doing anything, as a machine that is paused.
    pub(crate) fn stop(&mut self) {
        self.signal("STOP");
    }

    pub(crate) fn go_on(&mut self) {
        self.signal("CONT");
    }

    /// Lets it end, and returns what it says then.
    pub(crate) fn ends(&mut self) -> String {
        drop(self.0.stdin.take());
        let mut said = String::new();
        let mut output = self.0.stdout.take().expect("it was not asked before");
        output.read_to_string(&mut said).expect("UTF-8");
        said.trim().to_owned()
    }

    /// The most memory that it has had, in kibibytes.
    pub(crate) fn most_memory(&self) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("a process");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:")?.strip_suffix("kB"));
        peak.expect("a size").trim().parse().expect("a number")
    }

    fn signal(&mut self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("it can be asked").success(), "no {name}");
    }

    /// Asks it to end, and waits for that.
    pub(crate) async fn end(&mut self) {
        drop(self.0.stdin.take());
        let begun = Instant::now();
        while self.lives() {
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn lives(&mut self) -> bool {
        self.0.try_wait().expect("asked").is_none()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, so: impl AsyncFn() -> bool) {
    let (begun, mut pause) = (Instant::now(), Duration::from_millis(2));
    while !so().await {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
