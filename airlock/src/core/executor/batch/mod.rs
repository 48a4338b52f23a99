//! The intents of one flush, as an executor sees them.

mod chunks;
mod detached;
mod in_place;
mod parts;
mod progress;
mod report;
mod runs;

use std::fmt;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use crate::core::executor::OnFailure;
use crate::core::executor::batch::report::{Places, ReportOnly};
use crate::core::executor::batch::runs::Run;
use crate::core::executor::ledger::Ledger;
use crate::core::executor::lost::LostEffects;
use crate::core::intent::Intent;
use crate::core::policy::chain::Chain;

/// The intents of one flush, in the order of enqueue.
///
/// See [`Executor`](crate::Executor) for what to do with one.
///
/// # Examples
///
/// ```
/// use airlock::{Batch, DispatchError, Executor};
///
/// /// Takes a batch that fits, and no part of one that doesn't.
/// struct Pallet;
///
/// impl Executor for Pallet {
///     async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
///         if batch.len() <= 2 { Ok(()) } else { Err(DispatchError::refused("only two fit")) }
///     }
/// }
///
/// #[airlock::task]
/// fn ship(order_id: u64) {}
///
/// let scope = airlock::scope().executor(Pallet);
/// let error = scope.run(|| (1..=3).try_for_each(|id| ship::enqueue(id))).unwrap_err();
/// assert_eq!(error.report().not_attempted(), 3);
/// ```
pub struct Batch {
    intents: Vec<Intent>,
    /// Under which policies the first intents were enqueued, and by tasks of which generation: almost always all are.
    chain: Chain,
    generation: u32,
    on_failure: OnFailure,
    /// Whether the flush awaits: then tasks may be awaited here as well.
    pub(crate) is_async: bool,
    /// What has become of each intent.
    pub(crate) ledger: Ledger,
    /// What the task that is awaited leaves behind should the flush be dropped.
    pub(crate) lost: Option<LostEffects>,
    /// When the scope was flushed, once somebody has asked: however often and in whatever parts the batch is
    /// dispatched.
    flushed: OnceLock<SystemTime>,
    /// How many places of the report are taken so far, in the order of enqueue.
    place: usize,
    rare: Option<Box<Rare>>,
}

/// What most batches do without.
#[derive(Default)]
struct Rare {
    /// The further runs of intents.
    runs: Vec<Run>,
    /// Until when intents have to be begun, each with its index and in order: of those that expire, where
    /// the batch was handed to somebody who comes to it later.
    deadlines: Vec<(usize, Instant)>,
    report_only: Vec<(usize, ReportOnly)>,
    /// The places of the report that are taken ahead.
    ahead: Places,
}

impl Batch {
    #[inline]
    pub(crate) fn new(on_failure: OnFailure) -> Self {
        Self {
            intents: Vec::new(),
            chain: None,
            generation: 0,
            on_failure,
            is_async: false,
            ledger: Ledger::new(),
            lost: None,
            flushed: OnceLock::new(),
            place: 0,
            rare: None,
        }
    }

    /// An empty one of the same flush.
    fn of_same_flush(&self) -> Self {
        let flushed = self.flushed_at().into();
        Self { is_async: self.is_async, flushed, ..Self::new(self.on_failure) }
    }

    /// How many intents there are.
    pub fn len(&self) -> usize {
        self.intents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.intents.is_empty()
    }

    /// The intents, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Intent> {
        self.intents.iter()
    }

    /// What to do when an intent fails, for executors that carry them out one by one.
    pub fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    /// When the scope was flushed: delays and lifetimes count from then.
    pub(crate) fn flushed_at(&self) -> SystemTime {
        *self.flushed.get_or_init(SystemTime::now)
    }

    /// Takes the intent at `index` out, for an executor that has to own it; `None` where it is taken
    /// already.
    ///
    /// The flush can't hand a taken intent back: take it when nothing can go wrong any more, or
    /// take a [`copy`](Intent::duplicate).
    ///
    /// # Panics
    ///
    /// Panics where `index` is not below [`len`](Self::len).
    pub fn take(&mut self, index: usize) -> Option<Intent> {
        let intent = &mut self.intents[index];
        (!intent.is_spent()).then(|| intent.take())
    }

    /// A copy of the intent at `index`; the intent itself where it can't be copied.
    pub(crate) fn copy_or_take(&mut self, index: usize) -> Option<Intent> {
        self.intents[index].duplicate().or_else(|| self.take(index))
    }

    /// The intents up to `end`.
    #[inline]
    pub(crate) fn until(&mut self, end: usize) -> &mut [Intent] {
        &mut self.intents[..end]
    }

    pub(crate) fn take_all(&mut self) -> Vec<Intent> {
        std::mem::take(&mut self.intents)
    }

    fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.intents).finish()
    }
}
