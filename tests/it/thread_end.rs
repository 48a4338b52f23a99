//! A flush in the destructor of a thread-local, when the thread's own scopes may be gone: it carries out or hands back.
//! A panic there would end the process.

use std::cell::RefCell;
use std::sync::mpsc;
use std::thread;

use airlock::{Coalesce, DropAll, EnqueueError, Policy, Sealed, ThreadPool, Timeout, tasks};

use crate::support::{Ran, anote, block_on, fail, note, quiet};

#[airlock::task]
fn enqueues_more(#[state] ran: &Ran, n: u64) {
    let more = quiet::enqueue(n);
    ran.push(format!("enqueues_more {n}: {}", more.is_ok()));
}

type Late = Box<dyn FnOnce() -> String + Send>;

/// Is called when its thread ends.
struct AtEnd(Option<Late>, mpsc::Sender<String>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let late = self.0.take().expect("it is dropped once");
        self.1.send(late()).expect("it is waited for");
    }
}

thread_local! {
    static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

/// What `make` returns is called while the thread that it is called on ends: before and after airlock's thread-locals go.
fn at_the_end_of_a_thread(make: impl Fn() -> Late + Clone + Send + 'static, expected: &str) {
    for first in [true, false] {
        let (told, heard) = mpsc::channel();
        let make = make.clone();
        let body = move || {
            if first {
                AT_END.with(|_| ());
            }
            airlock::scope().run(|| quiet::enqueue(0)).expect("flushed").expect("enqueued");
            let late = make();
            AT_END.with_borrow_mut(|at_end| *at_end = Some(AtEnd(Some(late), told)));
        };
        thread::spawn(body).join().expect("nothing panics");
        assert_eq!(
            heard.recv().expect("it was told"),
            expected,
            "its thread-local came first: {first}"
        );
    }
}

fn inline(ran: &Ran) -> airlock::Inline {
    let inline = airlock::Inline::builder().state(ran.clone());
    inline.serving(tasks![quiet, note, anote, fail, enqueues_more]).build().expect("it is complete")
}

fn sealed(
    ran: &Ran,
    policy: impl Policy,
    body: impl FnOnce() -> Result<(), EnqueueError>,
) -> Sealed {
    let scope = airlock::scope()
        .policy(policy)
        .executor(Timeout::new(inline(ran), std::time::Duration::from_mins(1)));
    let (enqueued, sealed) = scope.seal(body);
    enqueued.expect("enqueued");
    sealed
}

#[test]
fn a_sealed_scope_is_flushed() {
    let make = || -> Late {
        let ran = Ran::new();
        let sealed = sealed(&ran, Coalesce, || {
            note::enqueue(1)?;
            anote::enqueue(2)?;
            fail::enqueue(3)?;
            note::enqueue(4)
        });
        Box::new(move || {
            let error = sealed.flush().expect_err("the third fails");
            let report = error.report();
            let counts = [report.dispatched(), report.failed(), report.not_attempted()];
            let again = error.into_intents().len();
            format!("{:?}, {counts:?}, {again} handed back", ran.list())
        })
    };
    at_the_end_of_a_thread(make, r#"["note 1", "anote 2", "fail 3"], [2, 1, 1], 2 handed back"#);
}

#[test]
fn a_sealed_scope_is_flushed_from_async_code_and_by_the_default_executor() {
    let make = || -> Late {
        let ran = Ran::new();
        let one = sealed(&ran, Coalesce, || anote::enqueue(1));
        let (enqueued, two) = airlock::scope().seal(|| quiet::enqueue(2));
        enqueued.expect("enqueued");
        let dropped = sealed(&ran, DropAll, || note::enqueue(3));
        Box::new(move || {
            let one = block_on(one.flush_async()).expect("flushed").dispatched();
            let two = two.flush().expect("flushed").dispatched();
            format!("{:?} {one} {two} {}", ran.list(), dropped.flush().expect("flushed").dropped())
        })
    };
    at_the_end_of_a_thread(make, r#"["anote 1"] 1 1 1"#);
}

/// In which order the two go makes a difference to what can still be enqueued, and to nothing else.
#[test]
fn scopes_are_opened_and_their_enqueues_are_errors_at_worst() {
    let make = || -> Late {
        let ran = Ran::new();
        let more = sealed(&ran, Coalesce, || enqueues_more::enqueue(1));
        let pool = ThreadPool::builder().threads(1).serving(tasks![quiet]).build().expect("a pool");
        let (enqueued, pooled) = airlock::scope().executor(pool).seal(|| quiet::enqueue(1));
        enqueued.expect("enqueued");
        Box::new(move || {
            let mut told = Vec::new();
            let ended = airlock::scope().executor(inline(&ran)).run(|| note::enqueue(5));
            told.push(
                ended.map(|enqueued| enqueued.is_ok() == ran.list().contains(&"note 5".into())),
            );
            let run = airlock::scope().on_report(|_| ()).run_async(async { quiet::enqueue(6) });
            told.push(block_on(run).map(|_| true));
            let nested =
                airlock::policy(DropAll).run(|| airlock::scope().run(|| quiet::enqueue(7)));
            told.push(nested.map(|_| true));
            let configured =
                airlock::configure().policy(DropAll).run(|| airlock::scope().run(|| ()));
            told.push(configured.map(|()| true));
            told.push(more.flush().map(|report| report.dispatched() == report.enqueued()));
            told.push(pooled.flush().map(|report| report.dispatched() == 1));
            told.push(Ok(airlock::current().is_none()));
            told.into_iter()
                .map(|told| told.expect("flushed").to_string())
                .collect::<Vec<_>>()
                .join(" ")
        })
    };
    at_the_end_of_a_thread(make, "true true true true true true true");
}
