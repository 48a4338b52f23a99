//! The intents of one flush, as an executor sees them.

use std::collections::VecDeque;

use crate::executor::{DispatchError, OnFailure};
use crate::intent::Intent;
use crate::policy::chain::Chain;
use crate::private::BoxError;
use crate::report::ReportEntry;
use crate::scope::flush::Lost;

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
    /// Under which policies the intents were enqueued, by runs; almost always one.
    first: Run,
    more: Vec<Run>,
    on_failure: OnFailure,
    /// Whether the flush awaits: then tasks may be awaited here as well.
    pub(crate) awaited: bool,
    /// How many are done for certain, should the flush be cut short; those of them that failed; and
    /// which is being carried out, where they are one by one.
    pub(crate) completed: usize,
    pub(crate) failures: Vec<(usize, BoxError)>,
    pub(crate) attempting: Option<usize>,
    /// What the task that is awaited leaves behind should the flush be dropped.
    pub(crate) lost: Option<Lost>,
    /// What the report needs besides the intents, by position in the order of enqueue.
    pub(crate) aside: Vec<(usize, Aside)>,
    /// The position of the next intent that is appended, and those ahead that are taken.
    position: usize,
    taken: VecDeque<usize>,
}

/// Intents enqueued one after another under the same policies, by tasks of the same generation.
#[derive(Default)]
struct Run {
    start: usize,
    chain: Chain,
    generation: u32,
}

/// An intent that is not in the batch but in its report.
pub(crate) enum Aside {
    /// Dropped by the policy of this name.
    Dropped(Intent, Box<str>),
    /// Gone elsewhere.
    Entry(ReportEntry),
}

impl Batch {
    #[inline]
    pub(crate) fn new(on_failure: OnFailure) -> Self {
        Self {
            intents: Vec::new(),
            first: Run::default(),
            more: Vec::new(),
            on_failure,
            awaited: false,
            completed: 0,
            failures: Vec::new(),
            attempting: None,
            lost: None,
            aside: Vec::new(),
            position: 0,
            taken: VecDeque::new(),
        }
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

    /// Notes that the intent at `index` failed; says whether those after it are to be attempted.
    ///
    /// # Errors
    ///
    /// Where they are not: what became of the batch.
    pub(crate) fn fail(&mut self, index: usize, error: BoxError) -> Result<(), DispatchError> {
        self.failures.push((index, error));
        self.completed = index + 1;
        match self.on_failure {
            OnFailure::Continue => Ok(()),
            OnFailure::Stop => Err(self.stopped()),
        }
    }

    /// What became of the batch, where everything was attempted.
    pub(crate) fn finish(&mut self) -> Result<(), DispatchError> {
        DispatchError::each(std::mem::take(&mut self.failures))
    }

    /// What became of the batch, where nothing after what is completed is attempted.
    pub(crate) fn stopped(&mut self) -> DispatchError {
        DispatchError::until(self.completed, std::mem::take(&mut self.failures))
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

    /// The policies under which the intent at `index` was enqueued, its generation, and where the
    /// run that it belongs to ends.
    pub(crate) fn run_of(&self, index: usize) -> (&Chain, u32, usize) {
        // Runs are asked for in order, so the last ones are what a cascade appends.
        let next = self.more.partition_point(|run| run.start <= index);
        let run = next.checked_sub(1).map_or(&self.first, |run| &self.more[run]);
        let end = self.more.get(next).map_or(self.intents.len(), |run| run.start);
        (&run.chain, run.generation, end)
    }

    /// Appends intents that passed every policy.
    #[inline]
    pub(crate) fn append(&mut self, chain: Chain, generation: u32, intents: Vec<Intent>) {
        if self.intents.is_empty() {
            self.first = Run { start: 0, chain, generation };
            self.advance_by(intents.len());
            self.intents = intents;
        } else if !intents.is_empty() {
            self.append_run(chain, generation);
            self.advance_by(intents.len());
            self.intents.extend(intents);
        }
    }

    /// Appends intents some of which, by index, were dropped by the policies named.
    pub(crate) fn append_judged(
        &mut self,
        chain: Chain,
        generation: u32,
        intents: Vec<Intent>,
        dropped: Vec<(usize, Box<str>)>,
    ) {
        let mut passed = Vec::with_capacity(intents.len() - dropped.len());
        let mut dropped = dropped.into_iter().peekable();
        let mut aside = Vec::with_capacity(dropped.len());
        for (index, intent) in intents.into_iter().enumerate() {
            let position = self.advance();
            match dropped.next_if(|(dropped, _)| *dropped == index) {
                Some((_, policy)) => aside.push((position, Aside::Dropped(intent, policy))),
                None => passed.push(intent),
            }
        }
        self.aside.append(&mut aside);
        if self.intents.is_empty() {
            self.first = Run { start: 0, chain, generation };
            self.intents = passed;
        } else if !passed.is_empty() {
            self.append_run(chain, generation);
            self.intents.append(&mut passed);
        }
    }

    fn append_run(&mut self, chain: Chain, generation: u32) {
        let start = self.intents.len();
        self.more.push(Run { start, chain, generation });
    }

    #[inline]
    fn advance_by(&mut self, intents: usize) {
        if self.taken.is_empty() {
            self.position += intents;
        } else {
            for _ in 0..intents {
                self.advance();
            }
        }
    }

    /// The position of the intent that is appended next.
    fn advance(&mut self) -> usize {
        while let Some(taken) = self.taken.front().copied()
            && taken <= self.position
        {
            self.taken.pop_front();
            self.position += usize::from(taken == self.position);
        }
        self.position += 1;
        self.position - 1
    }

    /// Puts entries into the report, behind what is there.
    pub(crate) fn put_aside(&mut self, entries: impl IntoIterator<Item = ReportEntry>) {
        for entry in entries {
            let position = self.advance();
            self.aside.push((position, Aside::Entry(entry)));
        }
    }

    /// Puts entries into the report, at the positions given.
    pub(crate) fn put_aside_at(&mut self, entries: impl Iterator<Item = (usize, ReportEntry)>) {
        for (position, entry) in entries {
            self.taken.push_back(position);
            self.aside.push((position, Aside::Entry(entry)));
        }
        self.taken.make_contiguous().sort_unstable();
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.intents).finish()
    }
}

impl Batch {
    /// Takes the intent at `index` out, to be carried out elsewhere by itself.
    pub(crate) fn detach(&mut self, index: usize) -> Option<Self> {
        let (chain, generation, _) = self.run_of(index);
        let chain = chain.clone();
        let mut alone = Self::new(self.on_failure);
        alone.append(chain, generation, vec![self.take(index)?]);
        Some(alone)
    }

    /// Puts intents back that were taken out from `start` on.
    pub(crate) fn put_back(&mut self, start: usize, mut taken: Self) {
        for (place, intent) in self.intents[start..].iter_mut().zip(taken.take_all()) {
            *place = intent;
        }
    }

    /// Takes every intent out, to be carried out elsewhere together.
    #[cfg(feature = "tokio")]
    pub(crate) fn detach_all(&mut self) -> Self {
        let mut all = Self::new(self.on_failure);
        let mut start = 0;
        while start < self.len() {
            let (chain, generation, end) = self.run_of(start);
            let chain = chain.clone();
            let intents = (start..end).filter_map(|index| self.take(index)).collect();
            all.append(chain, generation, intents);
            start = end;
        }
        all
    }
}
