//! `#[airlock::scoped]` on every kind of function.

use std::fmt;
use std::pin::Pin;

use airlock::{Bound, EnqueueError, FlushError, InScope};

use crate::support::{Ran, anote, block_on, fail, note, panic_of, quiet, yield_once};

/// Whatever can go wrong.
#[derive(Debug)]
enum Error {
    Enqueue(EnqueueError),
    Flush(FlushError),
    Own,
}

impl From<EnqueueError> for Error {
    fn from(error: EnqueueError) -> Self {
        Self::Enqueue(error)
    }
}

impl From<FlushError> for Error {
    fn from(error: FlushError) -> Self {
        Self::Flush(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enqueue(error) => error.fmt(f),
            Self::Flush(error) => error.fmt(f),
            Self::Own => f.write_str("own"),
        }
    }
}

#[airlock::scoped(executor = ran.inline())]
fn free(ran: &Ran, fails: bool) -> Result<u64, Error> {
    note::enqueue(1)?;
    if fails {
        return Err(Error::Own);
    }
    note::enqueue(2)?;
    Ok(7)
}

#[test]
fn a_free_function_flushes_on_ok_and_discards_on_err_and_on_return() {
    let ran = Ran::new();
    assert_eq!(free(&ran, false).expect("flushed"), 7);
    assert_eq!(ran.list(), ["note 1", "note 2"]);
    let ran = Ran::new();
    assert!(matches!(free(&ran, true), Err(Error::Own)));
    assert!(ran.list().is_empty());
}

#[airlock::scoped(executor = ran.inline())]
async fn asynchronous(ran: &Ran, fails: bool) -> Result<u64, Error> {
    note::enqueue(1)?;
    yield_once().await;
    if fails {
        return Err(Error::Own);
    }
    anote::enqueue(2)?;
    Ok(7)
}

#[test]
fn so_does_an_async_one() {
    let ran = Ran::new();
    assert_eq!(block_on(asynchronous(&ran, false)).expect("flushed"), 7);
    assert_eq!(ran.list(), ["note 1", "anote 2"]);
    let ran = Ran::new();
    assert!(matches!(block_on(asynchronous(&ran, true)), Err(Error::Own)));
    assert!(ran.list().is_empty());
}

struct Shop {
    ran: Ran,
    sold: u64,
}

impl Shop {
    #[airlock::scoped(executor = ran.inline())]
    fn associated(ran: &Ran, n: u64) -> Result<(), Error> {
        Ok(note::enqueue(n)?)
    }

    #[airlock::scoped(executor = self.ran.inline())]
    fn by_ref(&self, n: u64) -> Result<(), Error> {
        note::enqueue(n)?;
        Ok(())
    }

    #[airlock::scoped(executor = self.ran.inline())]
    fn by_mut(&mut self, n: u64) -> Result<&mut u64, Error> {
        note::enqueue(n)?;
        self.sold += n;
        Ok(&mut self.sold)
    }

    #[airlock::scoped(executor = self.ran.inline())]
    fn by_value(self, n: u64) -> Result<Self, Error> {
        note::enqueue(n)?;
        Ok(self)
    }

    #[airlock::scoped(executor = self.ran.inline())]
    async fn awaited(&mut self, n: u64) -> Result<(), Error> {
        yield_once().await;
        self.sold += n;
        anote::enqueue(n)?;
        Ok(())
    }
}

#[test]
fn methods_of_every_kind() {
    let ran = Ran::new();
    let mut shop = Shop { ran: ran.clone(), sold: 0 };
    Shop::associated(&ran, 1).expect("flushed");
    shop.by_ref(2).expect("flushed");
    *shop.by_mut(3).expect("flushed") += 1;
    let mut shop = shop.by_value(4).expect("flushed");
    block_on(shop.awaited(5)).expect("flushed");
    assert_eq!(shop.sold, 9);
    assert_eq!(ran.list(), ["note 1", "note 2", "note 3", "note 4", "anote 5"]);
}

#[airlock::scoped(executor = ran.inline())]
fn generic<'a, T, const N: usize>(
    ran: &Ran,
    items: &'a [T; N],
    each: impl Fn(&T) -> u64,
) -> Result<&'a T, Error>
where
    T: fmt::Debug,
{
    for item in items {
        note::enqueue(each(item))?;
    }
    items.first().ok_or(Error::Own)
}

#[airlock::scoped(executor = ran.inline())]
async fn async_generic<T: Copy + Into<u64> + 'static>(ran: &Ran, item: T) -> Result<T, Error> {
    yield_once().await;
    note::enqueue(item.into())?;
    Ok(item)
}

#[test]
fn generics_lifetimes_and_impl_trait_parameters() {
    let ran = Ran::new();
    assert_eq!(*generic(&ran, &["a", "bcd"], |text| text.len() as u64).expect("flushed"), "a");
    assert_eq!(block_on(async_generic(&ran, 9_u8)).expect("flushed"), 9);
    assert_eq!(ran.list(), ["note 1", "note 3", "note 9"]);
}

trait Process {
    async fn process(&self, n: u64) -> Result<(), Error>;
    fn now(&self, n: u64) -> Result<(), Error>;

    #[airlock::scoped]
    fn provided(&self, n: u64) -> Result<u64, Error> {
        quiet::enqueue(n)?;
        Ok(n)
    }
}

impl Process for Ran {
    #[airlock::scoped(executor = self.inline())]
    async fn process(&self, n: u64) -> Result<(), Error> {
        yield_once().await;
        anote::enqueue(n)?;
        Ok(())
    }

    #[airlock::scoped(executor = self.inline())]
    fn now(&self, n: u64) -> Result<(), Error> {
        note::enqueue(n)?;
        Ok(())
    }
}

#[async_trait::async_trait]
trait Dynamic: Send + Sync {
    async fn process(&self, n: u64) -> Result<(), Error>;
}

#[async_trait::async_trait]
impl Dynamic for Ran {
    #[airlock::scoped(executor = self.inline())]
    async fn process(&self, n: u64) -> Result<(), Error> {
        yield_once().await;
        anote::enqueue(n)?;
        Ok(())
    }
}

/// The attribute meets what `async_trait` has made already.
struct Outside(Ran);

#[async_trait::async_trait]
impl Dynamic for Outside {
    #[airlock::scoped(executor = self.0.inline())]
    async fn process(&self, n: u64) -> Result<(), Error> {
        yield_once().await;
        if n == 0 {
            return Err(Error::Own);
        }
        anote::enqueue(n)?;
        Ok(())
    }
}

#[test]
fn functions_in_traits_sync_async_and_dynamic() {
    let ran = Ran::new();
    block_on(Process::process(&ran, 1)).expect("flushed");
    ran.now(2).expect("flushed");
    assert_eq!(ran.provided(5).expect("flushed"), 5);
    let dynamic: Box<dyn Dynamic> = Box::new(ran.clone());
    block_on(dynamic.process(3)).expect("flushed");
    let dynamic: Box<dyn Dynamic> = Box::new(Outside(ran.clone()));
    block_on(dynamic.process(4)).expect("flushed");
    assert!(block_on(dynamic.process(0)).is_err());
    assert_eq!(ran.list(), ["anote 1", "note 2", "anote 3", "anote 4"]);
}

#[airlock::scoped(executor = ran.inline())]
fn opaque(ran: &Ran, n: u64) -> impl Future<Output = Result<u64, Error>> + use<'_> {
    let doubled = n * 2;
    async move {
        yield_once().await;
        note::enqueue(doubled)?;
        Ok(doubled)
    }
}

#[airlock::scoped(executor = ran.inline())]
fn sendable(ran: Ran, n: u64) -> impl Future<Output = Result<(), Error>> + Send + 'static {
    async move {
        yield_once().await;
        note::enqueue(n)?;
        Ok(())
    }
}

#[airlock::scoped(executor = ran.inline())]
fn boxed(ran: &Ran, n: u64) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>> {
    Box::pin(async move {
        yield_once().await;
        note::enqueue(n)?;
        Ok(())
    })
}

#[tokio::test]
async fn functions_that_return_futures() {
    let ran = Ran::new();
    assert_eq!(opaque(&ran, 1).await.expect("flushed"), 2);
    tokio::spawn(sendable(ran.clone(), 3)).await.expect("no panic").expect("flushed");
    let future = boxed(&ran, 4);
    assert!(airlock::current().is_none());
    future.await.expect("flushed");
    assert_eq!(ran.list(), ["note 2", "note 3", "note 4"]);
}

#[airlock::scoped(executor = ran.inline())]
fn iterator(ran: &Ran) -> impl Iterator<Item = u64> + use<> {
    note::enqueue(1).expect("enqueued");
    [1, 2].into_iter()
}

#[airlock::scoped(executor = ran.inline())]
fn count(ran: &Ran) -> usize {
    (0..3).flat_map(note::enqueue).count()
}

#[airlock::scoped(executor = ran.inline())]
fn nothing(ran: &Ran) {
    note::enqueue(9).expect("enqueued");
}

#[airlock::scoped(executor = ran.inline())]
fn maybe(ran: &Ran, some: bool) -> Option<u64> {
    note::enqueue(5).ok()?;
    some.then_some(5)
}

#[test]
fn what_is_no_outcome_succeeds_unless_it_panics() {
    let ran = Ran::new();
    assert_eq!(iterator(&ran).sum::<u64>(), 3);
    assert_eq!(count(&ran), 3);
    nothing(&ran);
    assert_eq!((maybe(&ran, true), maybe(&ran, false)), (Some(5), None));
    assert_eq!(ran.list(), ["note 1", "note 0", "note 1", "note 2", "note 9", "note 5", "note 5"]);
}

#[test]
#[airlock::scoped]
fn under_a_test() {
    quiet::enqueue(1).expect("in a scope");
}

#[airlock::scoped]
#[test]
fn over_a_test() -> Result<(), Box<dyn std::error::Error>> {
    quiet::enqueue(1)?;
    Ok(())
}

#[tokio::test]
#[airlock::scoped]
async fn under_a_tokio_test() {
    yield_once().await;
    quiet::enqueue(1).expect("in a scope");
}

#[airlock::scoped]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_tokio_test() -> Result<(), Box<dyn std::error::Error>> {
    let spawned = async { quiet::enqueue(2) }.in_current_scope();
    quiet::enqueue(1)?;
    tokio::spawn(spawned).await??;
    Ok(())
}

#[airlock::scoped(executor = ran.inline())]
fn failing(ran: &Ran) -> Result<u64, Error> {
    fail::enqueue(3)?;
    Ok(7)
}

#[airlock::scoped(executor = ran.inline())]
async fn failing_later(ran: &Ran) -> Result<u64, Box<dyn std::error::Error>> {
    fail::enqueue(3)?;
    Ok(7)
}

#[test]
fn a_failed_flush_becomes_the_functions_error() {
    let ran = Ran::new();
    let error = failing(&ran).expect_err("the task fails");
    assert!(matches!(&error, Error::Flush(error) if error.report().failed() == 1));
    let error = block_on(failing_later(&ran)).expect_err("the task fails");
    assert!(error.downcast_ref::<FlushError>().is_some());
}

#[airlock::scoped(executor = ran.inline())]
fn failing_without_a_result(ran: &Ran) -> u64 {
    fail::enqueue(3).expect("enqueued");
    7
}

fn say_zero(error: FlushError) -> u64 {
    assert_eq!(error.into_intents().len(), 1);
    0
}

#[airlock::scoped(executor = ran.inline(), on_flush_error = say_zero)]
fn failing_with_a_handler(ran: &Ran) -> u64 {
    fail::enqueue(3).expect("enqueued");
    7
}

#[airlock::scoped(executor = ran.inline(), on_flush_error = |_| 1)]
async fn failing_with_a_closure(ran: &Ran) -> u64 {
    fail::enqueue(3).expect("enqueued");
    7
}

#[test]
fn on_any_other_function_it_panics_with_the_report_unless_handled() {
    let ran = Ran::new();
    let said = panic_of(|| failing_without_a_result(&ran));
    assert!(said.contains("`it::support::fail(n: 3)` failed: no luck with 3"), "{said}");
    assert!(said.contains("\nscope: 1 failed\n"), "the report: {said}");
    assert_eq!(failing_with_a_handler(&ran), 0);
    assert_eq!(block_on(failing_with_a_closure(&ran)), 1);
}

mod mails {
    #[airlock::task]
    pub(crate) fn send(n: u64) {
        let _ = n;
    }
}

fn of_ones_own() -> impl airlock::Policy {
    (airlock::AllowAll, airlock::block_tasks![note])
}

/// A function under the policy, that says how many of its two intents would pass.
macro_rules! policies {
    ($($name:ident: $policy:expr => $passes:expr;)*) => {
        $(#[airlock::scoped(policy = $policy, flush_if = |_| false)]
        fn $name() -> usize {
            let _refused_or_not = [note::enqueue(1), mails::send::enqueue(2)];
            let scope = airlock::current().expect("inside").inspect();
            scope.own().iter().filter(|own| own.passes()).count()
        })*

        #[test]
        fn policies_in_attribute_form() {
            $(assert_eq!($name(), $passes, stringify!($policy));)*
        }
    };
}

policies! {
    drop_all: DropAll => 0;
    allow_all: AllowAll => 2;
    no_effects: AssertNoEffects => 0;
    block_bare: BlockTasks(note) => 1;
    block_quoted: BlockTasks("note", mails::send) => 0;
    block_crate: BlockTasks(crate::support::note) => 1;
    block_refuse: BlockTasks(note).refuse() => 1;
    block_none: BlockTasks() => 2;
    allow_only: AllowOnly("mails::send") => 1;
    log: LogOnFlush::default() => 2;
    limit: Limit::per_flush(1) => 1;
    coalesce: Coalesce => 2;
    tuple: (LogOnFlush::default(), BlockTasks(note), Limit::per_flush(5)) => 1;
    array: [BlockTasks(note), BlockTasks(mails::send)] => 0;
    own: of_ones_own() => 1;
    own_in_tuple: (of_ones_own(), DropAll) => 0;
    closure: |_: &airlock::Intent| airlock::Verdict::Drop => 0;
    full_path: airlock::DropAll => 0;
    boxed_policy: Box::new(airlock::DropAll) as Box<dyn airlock::Policy> => 0;
}

#[airlock::scoped(release_all, on_failure = airlock::OnFailure::Stop)]
fn releases(ran: &Ran) -> Result<(), Error> {
    ran.scope().run(|| note::enqueue(5))??;
    assert_eq!(ran.list(), ["note 5"], "released");
    Err(Error::Own)
}

#[test]
fn every_option_is_the_method_of_its_name() {
    #[airlock::scoped(
        named = "checkout",
        policy = BlockTasks(quiet),
        executor = executor.inline(),
        on_failure = Continue,
        flush_if = |_| true,
        release = |_| false,
        limit = 3,
        on_report = on_report,
    )]
    fn checkout(
        executor: &Ran,
        on_report: impl Fn(&airlock::Report) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        quiet::enqueue(1)?;
        fail::enqueue(2)?;
        note::enqueue(3)?;
        assert!(matches!(note::enqueue(4), Err(EnqueueError::Full(_, Bound::Intents(3)))));
        Err(Error::Own)
    }
    let (ran, reports) = (Ran::new(), crate::support::Reports::new());
    let error = checkout(&ran, reports.keep()).expect_err("it fails, and so does its flush");
    assert!(matches!(error, Error::Flush(_)), "{error}");
    assert_eq!(reports.only().scope(), Some("checkout"));
    assert_eq!(ran.list(), ["fail 2", "note 3"]);
    assert!(releases(&Ran::new()).is_err());
}

#[test]
fn scoped_functions_nest() {
    #[airlock::scoped(executor = ran.inline())]
    fn outer(ran: &Ran, fails: bool) -> Result<(), Error> {
        free(&Ran::new(), false)?;
        block_on(asynchronous(&Ran::new(), false))?;
        assert!(ran.list().is_empty());
        if fails { Err(Error::Own) } else { Ok(()) }
    }
    let ran = Ran::new();
    assert!(outer(&ran, true).is_err());
    assert!(ran.list().is_empty());
    outer(&ran, false).expect("flushed");
    assert_eq!(ran.list(), ["note 1", "note 2", "note 1", "anote 2"]);
}

#[airlock::scoped]
fn panics() -> u64 {
    quiet::enqueue(1).expect("enqueued");
    panic!("on purpose")
}

#[airlock::scoped]
fn diverges() -> ! {
    quiet::enqueue(1).expect("enqueued");
    panic!("for ever")
}

#[test]
fn a_panic_goes_through() {
    assert_eq!(panic_of(panics), "on purpose");
    assert_eq!(panic_of(|| -> () { diverges() }), "for ever");
}

#[airlock::scoped(executor = ran.inline())]
async fn recursive(ran: &Ran, depth: u64) -> Result<(), Error> {
    note::enqueue(depth)?;
    if depth > 0 {
        Box::pin(recursive(ran, depth - 1)).await?;
    }
    Ok(())
}

#[test]
fn an_async_function_may_call_itself() {
    let ran = Ran::new();
    block_on(recursive(&ran, 3)).expect("flushed");
    assert_eq!(ran.list(), ["note 3", "note 2", "note 1", "note 0"]);
}

#[airlock::scoped(executor = ran.inline())]
async fn owns_its_arguments(ran: Ran, parting: Parting) -> Result<(), Error> {
    let _parting = parting;
    yield_once().await;
    Ok(())
}

/// Enqueues when it is dropped.
struct Parting;

impl Drop for Parting {
    fn drop(&mut self) {
        quiet::enqueue(1).expect("its function's scope is still open");
    }
}

#[test]
fn arguments_that_the_body_uses_are_dropped_inside() {
    let ran = Ran::new();
    block_on(owns_its_arguments(ran, Parting)).expect("flushed");
}
