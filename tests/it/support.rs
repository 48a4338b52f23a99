//! What many tests need: a record of what was carried out, and tasks that write into it.

use std::sync::{Arc, Mutex, PoisonError};

use airlock::{Fate, Inline, Intent, Report, Scope, TaskSet, tasks};

/// What was carried out, in order.
#[derive(Clone, Default)]
pub(crate) struct Ran(Arc<Mutex<Vec<String>>>);

impl Ran {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&self, what: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    pub(crate) fn list(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An executor that runs the tasks of this module here.
    pub(crate) fn inline(&self) -> Inline {
        let inline = Inline::builder().state(self.clone()).serving(everything()).build();
        inline.expect("its tasks ask for nothing else")
    }

    /// An executor that notes each intent and runs none.
    pub(crate) fn collector(&self) -> impl airlock::Executor + use<> {
        let ran = self.clone();
        move |intent: Intent| {
            ran.push(short(&intent));
            Ok::<_, std::convert::Infallible>(())
        }
    }

    /// A scope that runs the tasks of this module here.
    pub(crate) fn scope(&self) -> Scope {
        airlock::scope().executor(self.inline())
    }
}

/// `support::note(n: 1)` as `note(n: 1)`.
pub(crate) fn short(intent: &Intent) -> String {
    let (name, text) = (intent.name(), intent.to_string());
    let own = name.rsplit([':', '.']).next().unwrap_or(name);
    text.replacen(name, own, 1)
}

/// What became of each intent, as `note: dispatched`.
pub(crate) fn fates(report: &Report) -> Vec<String> {
    let entries = report.entries().iter();
    entries
        .map(|entry| {
            let name = entry.task().name();
            let own = name.rsplit([':', '.']).next().unwrap_or(name);
            format!("{own}: {}", entry.fate())
        })
        .collect()
}

/// Keeps the report that a scope makes.
#[derive(Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<Vec<Report>>>);

impl Reports {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn keep(&self) -> impl Fn(&Report) + Send + Sync + use<> {
        let reports = self.0.clone();
        move |report| {
            reports.lock().unwrap_or_else(PoisonError::into_inner).push(report.clone());
        }
    }

    pub(crate) fn all(&self) -> Vec<Report> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one report that was made.
    #[track_caller]
    pub(crate) fn only(&self) -> Report {
        let mut all = self.all();
        assert_eq!(all.len(), 1, "reports: {all:?}");
        all.remove(0)
    }
}

/// Law 7: each intent has one fate, and the counts add up.
#[track_caller]
pub(crate) fn assert_adds_up(report: &Report, enqueued: usize) {
    assert_eq!(report.enqueued(), enqueued, "{report}");
    let sum = report.dispatched()
        + report.dropped()
        + report.discarded()
        + report.captured()
        + report.duplicates()
        + report.failed()
        + report.not_attempted();
    assert_eq!(sum, enqueued, "{report}");
    assert_eq!(report.entries().len(), enqueued, "{report}");
}

/// Whether a fate is that of an intent that left.
pub(crate) fn left(fate: &Fate) -> bool {
    *fate == Fate::Dispatched
}

fn everything() -> TaskSet {
    tasks![quiet, note, anote, fail, afail, boom, aboom]
}

/// Does nothing, and asks for nothing: any executor runs it.
#[airlock::task]
pub(crate) fn quiet(n: u64) {
    let _ = n;
}

#[airlock::task]
pub(crate) fn note(#[state] ran: &Ran, n: u64) {
    ran.push(format!("note {n}"));
}

/// The same with an `await` in it.
#[airlock::task]
pub(crate) async fn anote(#[state] ran: &Ran, n: u64) {
    yield_once().await;
    ran.push(format!("anote {n}"));
}

#[airlock::task]
pub(crate) fn fail(#[state] ran: &Ran, n: u64) -> Result<(), String> {
    ran.push(format!("fail {n}"));
    Err(format!("no luck with {n}"))
}

#[airlock::task]
pub(crate) async fn afail(#[state] ran: &Ran, n: u64) -> Result<(), String> {
    yield_once().await;
    ran.push(format!("afail {n}"));
    Err(format!("no luck with {n}"))
}

#[airlock::task]
pub(crate) fn boom(n: u64) {
    panic!("boom {n}");
}

#[airlock::task]
pub(crate) async fn aboom(n: u64) {
    yield_once().await;
    panic!("aboom {n}");
}

/// Is pending the first time, on any runtime.
pub(crate) async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// Panics, with a type that a scope's body may have.
pub(crate) fn explode(what: &str) {
    panic!("{what}");
}

/// What a caught panic said.
pub(crate) fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or_default()
}

/// What `body` panics with.
#[track_caller]
pub(crate) fn panic_of<T>(body: impl FnOnce() -> T) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)) {
        Ok(_) => panic!("it did not panic"),
        Err(panic) => said(&*panic).to_owned(),
    }
}

/// Waits for a future that needs no runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// Runs the body on a thread of its own, and fails in place of a hang.
#[track_caller]
pub(crate) fn unless_it_hangs(body: impl FnOnce() + Send + 'static) {
    let (done, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        body();
        done.send(()).expect("it is waited for");
    });
    let waited = waiting.recv_timeout(std::time::Duration::from_mins(5));
    assert_eq!(waited, Ok(()), "it has panicked, or hangs");
}
