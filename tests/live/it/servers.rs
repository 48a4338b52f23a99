//! The servers that tests talk to: those that all tests share, and throw-away ones of a test's own.

use std::path::Path;
use std::process::Command;
use std::{env, io};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use crate::unique;

/// The database server that all tests share: work in a schema or a database with a unique name.
pub(crate) fn postgres_url() -> String {
    given("AIRLOCK_POSTGRES_URL")
}

/// The Redis that all tests share: work under keys with a unique name.
pub(crate) fn redis_url() -> String {
    given("AIRLOCK_REDIS_URL")
}

/// The broker that all tests share: work with queues of unique names.
pub(crate) fn amqp_url() -> String {
    given("AIRLOCK_AMQP_URL")
}

/// What `tests/live.sh` says in the environment.
pub(crate) fn given(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/live.sh"))
}

/// A server of the test's own, to be killed and started again. When this is dropped it is gone, with
/// all its files.
///
/// Its methods block the thread. A test whose runtime has to go on meanwhile takes a multi-threaded
/// one.
pub(crate) struct Own {
    kind: Kind,
    port: u16,
    folder: TempDir,
    has_clock: bool,
}

impl Own {
    /// One by whose clock it is as late as [it is told](Self::set_clock).
    pub(crate) fn postgres_with_a_clock() -> Self {
        Self::start_by(Kind::Postgres, true)
    }

    /// The same.
    pub(crate) fn redis_with_a_clock() -> Self {
        Self::start_by(Kind::Redis, true)
    }

    pub(crate) fn postgres() -> Self {
        Self::start(Kind::Postgres)
    }

    pub(crate) fn redis() -> Self {
        Self::start(Kind::Redis)
    }

    /// A `PgBouncer` in this mode, before the PostgreSQL that all tests share.
    pub(crate) fn pgbouncer(mode: &'static str) -> Self {
        Self::start(Kind::Pgbouncer { mode })
    }

    pub(crate) fn rabbitmq() -> Self {
        Self::start(Kind::Rabbitmq)
    }

    /// Where it is; the same after a start.
    pub(crate) fn url(&self) -> String {
        self.kind.url(self.port)
    }

    /// Where it keeps everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends all its processes at once, as a crash would.
    ///
    /// A broker answers that it has a queue before the queue is on its disk, seconds before. To kill one
    /// that has its queues for certain, stop it and start it again in between.
    pub(crate) fn kill(&self) {
        self.run("kill").expect("the server is killed");
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn stop(&self) {
        self.run("stop").expect("the server is stopped");
    }

    /// Asks a broker what no client may ask: `rabbitmqctl` with these arguments.
    pub(crate) fn control(&self, arguments: &[&str]) {
        let asked = Command::new("bash").arg(self.folder().join("ctl")).args(arguments).output();
        let asked = asked.expect("asked");
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    }

    /// Sets the server's clock, by as many seconds ahead of the machine's.
    pub(crate) fn set_clock(&self, ahead: u64) {
        assert!(self.has_clock, "it has a clock of its own");
        // Not half of it is read.
        let (written, clock) = (self.folder().join("next-clock"), self.folder().join("clock"));
        std::fs::write(&written, format!("{ahead}\n")).expect("written");
        std::fs::rename(written, clock).expect("renamed");
    }

    /// Starts it where it was, with the data it had.
    pub(crate) fn start_again(&self) {
        self.run("start").expect("the server starts");
    }

    /// What RabbitMQ's operators ask, and no client may.
    pub(crate) fn rabbitmqctl(&self, arguments: &[&str]) -> String {
        let told = Command::new("bash").arg(self.folder().join("ctl")).args(arguments).output();
        let told = told.expect("there is a `bash`");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).expect("text")
    }

    /// The folder is among those that `tests/live.sh` cleans up, for when this process is killed.
    fn start(kind: Kind) -> Self {
        Self::start_by(kind, false)
    }

    fn start_by(kind: Kind, has_clock: bool) -> Self {
        let parent = env::var_os("AIRLOCK_LIVE_FOLDER").map_or_else(env::temp_dir, Into::into);
        let prefix = format!("{}-", kind.name());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        let folder = folder.expect("a folder for the server");
        let port = script("free-port", &[]).expect("a free port");
        let own = Self { kind, port: port.trim().parse().expect("a port"), folder, has_clock };
        own.start_again();
        own
    }

    fn run(&self, action: &str) -> io::Result<String> {
        let folder = self.folder.path().to_str().expect("a path in UTF-8");
        let port = self.port.to_string();
        let arguments =
            if action == "start" { vec![action, folder, &port] } else { vec![action, folder] };
        let mut environment = Vec::new();
        if let Kind::Pgbouncer { mode } = self.kind {
            environment =
                vec![("AIRLOCK_POOLED", shared_port()), ("AIRLOCK_POOL_MODE", mode.to_owned())];
        }
        if self.has_clock {
            environment.push(("AIRLOCK_OWN_CLOCK", "yes".to_owned()));
        }
        script_in(environment, self.kind.name(), &arguments)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Err(error) = self.run("kill") {
            eprintln!("a server was left behind: {error}");
        }
    }
}

/// A database of the test's own, on the PostgreSQL that all tests share.
pub(crate) struct Database {
    url: String,
    name: String,
}

impl Database {
    pub(crate) async fn new() -> Self {
        let (server, name) = (postgres_url(), unique::name("live"));
        Self::execute(&format!("CREATE DATABASE {name}")).await;
        let (server, _) = server.rsplit_once('/').expect("a URL with a database");
        Self { url: format!("{server}/{name}"), name }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sets a default of its connections.
    pub(crate) async fn set(&self, setting: &str) {
        Self::execute(&format!("ALTER DATABASE {} SET {setting}", self.name)).await;
    }

    pub(crate) async fn drop(self) {
        Self::execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }

    async fn execute(statement: &str) {
        let mut connection = PgConnection::connect(&postgres_url()).await.expect("connected");
        let executed = sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await;
        executed.expect("executed");
        connection.close().await.expect("closed");
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Postgres,
    Pgbouncer { mode: &'static str },
    Redis,
    Rabbitmq,
}

impl Kind {
    /// The script that starts it.
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Pgbouncer { .. } => "pgbouncer",
            Self::Redis => "redis",
            Self::Rabbitmq => "rabbitmq",
        }
    }

    fn url(self, port: u16) -> String {
        match self {
            Self::Postgres | Self::Pgbouncer { .. } => {
                format!("postgres://postgres@127.0.0.1:{port}/postgres")
            }
            Self::Redis => format!("redis://127.0.0.1:{port}"),
            Self::Rabbitmq => format!("amqp://guest:guest@127.0.0.1:{port}/%2f"),
        }
    }
}

/// The port of the PostgreSQL that all tests share.
fn shared_port() -> String {
    let url = postgres_url();
    let (address, _) = url.rsplit_once('/').expect("a URL with a database");
    address.rsplit(':').next().expect("a URL with a port").to_owned()
}

/// Runs one of the scripts in `servers`; what it printed.
fn script(name: &str, arguments: &[&str]) -> io::Result<String> {
    script_in(Vec::new(), name, arguments)
}

fn script_in(
    environment: Vec<(&str, String)>,
    name: &str,
    arguments: &[&str],
) -> io::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers").join(name);
    let output = Command::new(path).args(arguments).envs(environment).output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}
