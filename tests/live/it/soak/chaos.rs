//! A service and two workers, and what happens to them.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::process::Command;
use std::time::{Duration, Instant};

use airlock_live::{Engine, Record, Server};
use tokio::time::sleep;

use crate::place::{Child, PATIENCE, Place};
use crate::proxy::Proxy;
use crate::soak::schedule::Schedule;

/// How often in a row nothing may be left: between two queues, a message is in neither of them for a moment.
const LOOKS: u32 = 3;

/// How far a service's orders are from those of the one before it, which was killed.
const ORDERS: u64 = 10_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// `kill -9` of a worker.
    WorkerKilled,
    /// `kill -9` of the service, in the middle of a flush perhaps.
    ServiceKilled,
    /// A worker that the system gives no time, as on a machine that is suspended.
    WorkerPaused,
    /// A worker's connections are closed, and it gets no other.
    LineCut,
    /// Nothing arrives any more at either end of a worker's connections.
    LineSilent,
    /// The server is stopped and started again.
    Outage,
    /// `kill -9` of the server.
    ServerKilled,
    /// The server closes all connections.
    Closed,
    /// The server takes no more, as when its memory or disk is full.
    Alarm,
}

impl Fault {
    /// First those that need no server, last those that not every server has.
    const ALL: [Self; 9] = [
        Self::WorkerKilled,
        Self::ServiceKilled,
        Self::WorkerPaused,
        Self::LineCut,
        Self::LineSilent,
        Self::Outage,
        Self::ServerKilled,
        Self::Closed,
        Self::Alarm,
    ];

    fn of(server: Server) -> &'static [Self] {
        match server {
            Server::File => &Self::ALL[..3],
            Server::Postgres => &Self::ALL[..8],
            Server::Redis | Server::RabbitMq => &Self::ALL,
        }
    }
}

/// How often each has happened.
#[derive(Default)]
pub(super) struct Faults(BTreeMap<Fault, u32>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (fault, times)) in self.0.iter().enumerate() {
            write!(f, "{}{fault:?} {times}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

pub(super) struct Chaos<'a, E> {
    place: &'a Place,
    schedule: Schedule,
    workers: [Worker; 2],
    service: Child,
    /// How many services there have been, unless there is to be no other.
    services: Option<u64>,
    faults: Faults,
    /// Has a line for the beginning and the end of each fault, among those of the tasks.
    record: Record,
    engine: PhantomData<E>,
}

struct Worker {
    /// A file has no line to it.
    line: Option<Proxy>,
    place: Place,
    child: Child,
}

impl<'a, E: Engine> Chaos<'a, E> {
    pub(super) fn begin(place: &'a Place, schedule: Schedule) -> Self {
        if E::SERVER != Server::File {
            // A broker has its queues on its disk then.
            place.restart();
        }
        let worker = || {
            let line = (E::SERVER != Server::File).then(|| Proxy::to(&place.url));
            let place = line.as_ref().map_or_else(|| place.again(), |line| place.over(line));
            let child = place.worker::<E>(4, 16);
            Worker { line, place, child }
        };
        Self {
            place,
            schedule,
            workers: [worker(), worker()],
            service: place.service::<E>(1),
            services: Some(1),
            faults: Faults::default(),
            record: place.record(),
            engine: PhantomData,
        }
    }

    /// Lets something happen, beside which one of the workers may be paused, and then a moment of peace.
    pub(super) async fn next(&mut self) {
        let faults = Fault::of(E::SERVER);
        let fault = faults[self.schedule.below(faults.len())];
        let worker = self.schedule.below(self.workers.len());
        let duration = self.schedule.duration(6_000);
        let beside = self.schedule.once_in(3) && fault != Fault::WorkerPaused;
        if beside {
            self.note(Fault::WorkerPaused);
            self.workers[worker].signal("STOP");
        }
        self.note(fault);
        let other = (worker + usize::from(beside)) % self.workers.len();
        self.happens(fault, other, duration).await;
        if beside {
            self.workers[worker].signal("CONT");
        }
        self.record.append("calm", 0);
        let peace = self.schedule.duration(3_000);
        self.pass(peace).await;
    }

    /// Nothing happens any more. The service ends, and once the workers have settled everything, they do.
    pub(super) async fn end(mut self, unsettled: impl AsyncFn() -> u64) -> Faults {
        self.services = None;
        self.service.end().await;
        let begun = Instant::now();
        let mut looks = 0;
        while looks < LOOKS {
            let unsettled = unsettled().await;
            looks = if unsettled == 0 { looks + 1 } else { 0 };
            assert!(begun.elapsed() < PATIENCE, "{unsettled} are not settled within {PATIENCE:?}");
            self.pass(Duration::from_millis(500)).await;
        }
        for worker in &mut self.workers {
            worker.child.end().await;
        }
        self.faults
    }

    fn note(&mut self, fault: Fault) {
        *self.faults.0.entry(fault).or_default() += 1;
        self.record.append("fault", 0);
    }

    async fn happens(&mut self, fault: Fault, worker: usize, duration: Duration) {
        match fault {
            Fault::WorkerKilled => self.workers[worker].child.kill(),
            Fault::ServiceKilled => self.service.kill(),
            Fault::WorkerPaused => {
                self.workers[worker].signal("STOP");
                self.pass(duration).await;
                self.workers[worker].signal("CONT");
            }
            Fault::LineCut => {
                self.workers[worker].line().cut();
                self.pass(duration).await;
                self.workers[worker].line().restore();
            }
            Fault::LineSilent => {
                self.workers[worker].line().hold();
                self.pass(duration).await;
                self.workers[worker].line().cut();
                self.workers[worker].line().restore();
            }
            Fault::Outage => {
                self.place.server().stop();
                self.pass(duration).await;
                self.place.server().start_again();
            }
            Fault::ServerKilled => {
                self.place.server().kill();
                self.place.server().start_again();
            }
            Fault::Closed => self.close_all_connections(),
            Fault::Alarm => {
                self.alarm(true);
                self.pass(duration).await;
                self.alarm(false);
            }
        }
    }

    /// Lets time pass. Whoever has died meanwhile is started again, as a supervisor would.
    async fn pass(&mut self, duration: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < duration {
            for worker in &mut self.workers {
                if !worker.child.lives() {
                    self.record.append("fault", 0);
                    worker.child = worker.place.worker::<E>(4, 16);
                }
            }
            if let Some(services) = &mut self.services
                && !self.service.lives()
            {
                self.service = self.place.service::<E>(1 + *services * ORDERS);
                *services += 1;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn close_all_connections(&self) {
        match E::SERVER {
            Server::File => unreachable!("there is no line to a file"),
            Server::Postgres => self.psql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
            ),
            Server::Redis => self.redis(&["CLIENT", "KILL", "TYPE", "normal"]),
            Server::RabbitMq => self.rabbitmqctl(&["close_all_connections", "for a while"]),
        }
    }

    fn alarm(&self, on: bool) {
        match E::SERVER {
            Server::Redis => {
                self.redis(&["CONFIG", "SET", "maxmemory", if on { "1" } else { "0" }]);
            }
            Server::RabbitMq => {
                let share = if on { "0.000001" } else { "0.4" };
                self.rabbitmqctl(&["set_vm_memory_high_watermark", share]);
            }
            Server::File | Server::Postgres => unreachable!("it has none"),
        }
    }

    fn psql(&self, statement: &str) {
        run(Command::new("psql").args([&self.place.url, "--command", statement]));
    }

    fn redis(&self, arguments: &[&str]) {
        run(Command::new("redis-cli").args(["-u", &self.place.url]).args(arguments));
    }

    fn rabbitmqctl(&self, arguments: &[&str]) {
        let ctl = self.place.server().folder().join("ctl");
        run(Command::new("bash").arg(ctl).args(arguments));
    }
}

impl Worker {
    fn line(&self) -> &Proxy {
        self.line.as_ref().expect("a server has a line to it")
    }

    /// It may have died just now.
    fn signal(&self, signal: &str) {
        let pid = self.child.0.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).output();
        sent.expect("`kill` runs");
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
