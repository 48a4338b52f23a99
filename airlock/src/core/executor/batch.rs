//! The intents of one flush, as an executor sees them.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use crate::core::executor::lost::LostEffects;
use crate::core::executor::{DispatchError, OnFailure};
use crate::core::intent::Intent;
use crate::core::policy::chain::Chain;
use crate::core::report::{Fate, ReportEntry};
use crate::core::task::called::BoxError;

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
    /// Which are on their way, should the flush be cut short.
    sending: Range<usize>,
    /// Those before it were another executor's before, which may have sent them. There are some where
    /// somebody's own executor gives a batch to several.
    doubtful: usize,
    /// Which were left out because the engine holds their unique key, in order.
    duplicates: Vec<usize>,
    /// Which of those up to `completed` were not attempted, in order: there are some where several
    /// executors share the batch.
    skipped: Vec<usize>,
    /// Whether whoever dispatched the batch asks for `skipped`, which no [`DispatchError`] can say.
    accounted: bool,
    /// What the task that is awaited leaves behind should the flush be dropped.
    pub(crate) lost: Option<LostEffects>,
    /// When the scope was flushed, once somebody has asked: however often and in whatever parts the batch is
    /// dispatched.
    flushed: OnceLock<SystemTime>,
    /// Until when intents have to be begun, each with its index and in order: of those that expire, where
    /// the batch was handed to somebody who comes to it later.
    deadlines: Vec<(usize, Instant)>,
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

/// Nobody waited for what an executor had begun.
#[derive(Debug)]
pub(crate) struct InDoubt;

impl fmt::Display for InDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody waited for the answer: it may have left all the same")
    }
}

impl std::error::Error for InDoubt {}

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
            sending: 0..0,
            doubtful: 0,
            duplicates: Vec::new(),
            skipped: Vec::new(),
            accounted: false,
            lost: None,
            flushed: OnceLock::new(),
            deadlines: Vec::new(),
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

    /// Notes that the engine left the intent at `index` out because it holds one of the same
    /// [unique key](crate::Options::unique_key): the report says so, and it is no failure.
    pub fn left_out(&mut self, index: usize) {
        if let Err(place) = self.duplicates.binary_search(&index) {
            self.duplicates.insert(place, index);
        }
    }

    /// Notes that these are on their way, and that those before them have left. It is for executors
    /// that await an answer: where the flush is dropped meanwhile, its report says of these that they
    /// may have left. Of what an executor says nothing of, it says that it was discarded. Where one gives
    /// a batch to several of airlock's, what an earlier one may have sent stays in doubt.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::{Batch, DispatchError, Executor};
    ///
    /// # async fn post(_: String) -> Result<(), std::io::Error> { Ok(()) }
    /// struct Posts;
    ///
    /// impl Executor for Posts {
    ///     async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
    ///         let letters: Vec<_> = batch.iter().map(ToString::to_string).collect();
    ///         for (index, letter) in letters.into_iter().enumerate() {
    ///             batch.sending(index..index + 1);
    ///             post(letter).await.map_err(|error| DispatchError::at(index, error))?;
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn sending(&mut self, indices: Range<usize>) {
        self.completed = indices.start;
        self.sending = indices;
    }

    /// Notes that an executor begins. What another one has said of its progress is not about this one, and
    /// leaves in doubt what that may have sent.
    pub(crate) fn begin(&mut self) {
        self.doubt_progress();
        self.failures.clear();
        self.attempting = None;
    }

    fn doubt_progress(&mut self) {
        self.doubtful = self.doubtful.max(self.completed).max(self.sending.end);
        self.completed = 0;
        self.sending = 0..0;
    }

    /// Whether the engine [left out](Self::left_out) the intent at `index`.
    pub(crate) fn is_left_out(&self, index: usize) -> bool {
        self.duplicates.binary_search(&index).is_ok()
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
        if !self.failures.is_empty() {
            self.doubt_progress();
        }
        DispatchError::each(std::mem::take(&mut self.failures))
    }

    /// What became of the batch, where nothing after what is completed is attempted.
    pub(crate) fn stopped(&mut self) -> DispatchError {
        if !self.accounted && !self.skipped.is_empty() {
            self.part_with_dispatched();
        }
        let failures = std::mem::take(&mut self.failures);
        let failed = failures.iter().map(|(index, _)| index + 1).max().unwrap_or(0);
        let stopped = DispatchError::until(self.completed, failures);
        self.doubt_progress();
        self.doubtful = self.doubtful.max(failed);
        stopped
    }

    /// What became of the batch, where nobody waited for its executor to end.
    pub(crate) fn cut_short(&mut self) -> DispatchError {
        let sending = std::mem::take(&mut self.sending);
        let sending = sending.start..sending.end.min(self.len());
        self.completed = self.completed.max(sending.end);
        let not_attempted = self.completed..self.doubtful.min(self.len());
        let skipped = self.skipped.iter().copied().filter(|index| *index < self.doubtful);
        let doubtful = sending.chain(not_attempted).chain(skipped);
        self.failures.extend(doubtful.map(|index| (index, InDoubt.into())));
        self.stopped()
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
        self.append_in_place(chain, generation, passed);
    }

    /// Appends intents whose positions are known.
    fn append_in_place(&mut self, chain: Chain, generation: u32, mut intents: Vec<Intent>) {
        if self.intents.is_empty() {
            self.first = Run { start: 0, chain, generation };
            self.intents = intents;
        } else if !intents.is_empty() {
            self.append_run(chain, generation);
            self.intents.append(&mut intents);
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

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.intents).finish()
    }
}

impl Batch {
    /// A batch of intents that were taken out of this one, where they began at `start`.
    pub(crate) fn chunk(&self, start: usize, intents: Vec<Intent>) -> Self {
        let mut chunk = Self::new(self.on_failure);
        chunk.awaited = self.awaited;
        chunk.flushed = self.flushed_at().into();
        let end = start + intents.len();
        let mut intents = intents.into_iter();
        let mut next = start;
        while next < end {
            let (chain, generation, until) = self.run_of(next);
            // The last run ends with the batch, of which the rest is taken out.
            let until = if until > next { until.min(end) } else { end };
            let run = intents.by_ref().take(until - next).collect();
            chunk.append(chain.clone(), generation, run);
            next = until;
        }
        chunk
    }

    /// Takes a chunk's intents back, of which there were `begun`; gives how many of them are still
    /// intents, for an executor may have put others into the report.
    pub(crate) fn refill(&mut self, chunk: &mut Self, begun: usize) -> usize {
        chunk.aside.sort_by_key(|(position, _)| *position);
        let gone = chunk.aside.partition_point(|(position, _)| *position < begun);
        if gone > 0 {
            let mut taken: Vec<_> = self.aside.iter().map(|(position, _)| *position).collect();
            taken.sort_unstable();
            let free = (0..).filter(|position| taken.binary_search(position).is_err());
            let places: Vec<_> = free.skip(self.len()).take(begun).collect();
            let gone = chunk.aside.drain(..gone);
            self.aside.extend(gone.map(|(place, aside)| (places[place], aside)));
        }
        let (start, left) = (self.len(), begun - gone);
        for index in chunk.duplicates.iter().take_while(|index| **index < left) {
            self.left_out(start + index);
        }
        self.intents.extend(chunk.intents.drain(..left));
        chunk.duplicates.retain(|index| *index >= left);
        chunk.duplicates.iter_mut().for_each(|index| *index -= left);
        left
    }

    /// Puts what came up in a chunk behind its own intents, which were `begun` and are gone, behind
    /// what is here: for the report, for it has been carried out.
    pub(crate) fn absorb(&mut self, chunk: Self, begun: usize) {
        let start = self.len();
        let mut aside = chunk.aside.into_iter().peekable();
        let mut intents = chunk.intents.into_iter();
        for place in begun.. {
            if let Some((_, aside)) = aside.next_if(|(position, _)| *position <= place) {
                let position = self.advance();
                self.aside.push((position, aside));
            } else if let Some(intent) = intents.next() {
                self.advance();
                self.intents.push(intent);
            } else if aside.peek().is_none() {
                break;
            }
        }
        for index in chunk.duplicates {
            self.left_out(start + index);
        }
    }

    /// Takes the intent at `index` out, to be carried out elsewhere and later by itself.
    pub(crate) fn detach(&mut self, index: usize) -> Option<Self> {
        let (chain, generation, _) = self.run_of(index);
        let chain = chain.clone();
        let mut alone = Self::new(self.on_failure);
        alone.append(chain, generation, vec![self.take(index)?]);
        alone.note_deadlines();
        Some(alone)
    }

    /// Lifetimes count from now on, which is the flush.
    fn note_deadlines(&mut self) {
        let mut now = None;
        for (index, intent) in self.intents.iter().enumerate() {
            let Some(lifetime) = intent.options().expires() else { continue };
            let now: Instant = *now.get_or_insert_with(Instant::now);
            self.deadlines.extend(now.checked_add(lifetime).map(|until| (index, until)));
        }
    }

    /// Whether the intent at `index` has expired, and where the next one is that can; `end` where there
    /// is none before.
    pub(crate) fn expiry(&self, index: usize, end: usize) -> (bool, usize) {
        let next = self.deadlines.partition_point(|(place, _)| *place < index);
        let mut deadlines = self.deadlines[next..].iter().peekable();
        let own = deadlines.next_if(|(place, _)| *place == index);
        let expired = own.is_some_and(|(_, until)| *until <= Instant::now());
        (expired, deadlines.peek().map_or(end, |(place, _)| end.min(*place)))
    }

    /// Puts intents back that were taken out from `start` on.
    pub(crate) fn put_back(&mut self, start: usize, mut taken: Self) {
        for (place, intent) in self.intents[start..].iter_mut().zip(taken.take_all()) {
            *place = intent;
        }
    }

    /// Takes every intent out, to be carried out elsewhere and later together.
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
        all.note_deadlines();
        all
    }
}

/// What executors need that share a batch.
impl Batch {
    /// Takes the intents out that `out` names, to be dispatched as a batch of their own; until it
    /// [is back](Self::rejoin), this one holds the others.
    pub(crate) fn part(&mut self, out: &[bool]) -> Self {
        let mut part = Self::new(self.on_failure);
        part.awaited = self.awaited;
        part.accounted = true;
        part.flushed = self.flushed_at().into();
        part.lost = Some(self.lost.get_or_insert_default().clone());
        self.duplicates.retain(|index| !out[*index]);
        let runs = self.runs();
        let mut intents = std::mem::take(&mut self.intents).into_iter().zip(out);
        let mut start = 0;
        for (chain, generation, end) in runs {
            let mut taken = Vec::new();
            for (intent, out) in intents.by_ref().take(end - start) {
                if *out { taken.push(intent) } else { self.intents.push(intent) }
            }
            part.append(chain, generation, taken);
            start = end;
        }
        part
    }

    /// Puts back what was [taken out](Self::part), and behind it what its tasks have enqueued.
    pub(crate) fn rejoin(&mut self, mut part: Self, out: &[bool]) {
        let indices = out.iter().enumerate().filter_map(|(index, out)| out.then_some(index));
        let indices: Vec<_> = indices.collect();
        let sent = indices.len();
        for duplicate in &part.duplicates {
            // What was enqueued meanwhile goes behind all that is here.
            let behind = || out.len() + duplicate - sent;
            self.left_out(indices.get(*duplicate).copied().unwrap_or_else(behind));
        }
        let mut runs = part.runs().into_iter().skip_while(|(_, _, end)| *end <= sent);
        let mut theirs = part.take_all().into_iter();
        let mut ours = std::mem::take(&mut self.intents).into_iter();
        let sources = out.iter().map(|out| if *out { theirs.next() } else { ours.next() });
        self.intents = sources.flatten().collect();
        // Intents and what is aside are in one order, which is that of their positions.
        part.aside.sort_by_key(|(position, _)| *position);
        let mut aside = part.aside.into_iter().peekable();
        let (mut place, mut index, mut end) = (sent, sent, sent);
        loop {
            if let Some((_, aside)) = aside.next_if(|(position, _)| *position <= place) {
                let position = self.advance();
                self.aside.push((position, aside));
            } else if let Some(intent) = theirs.next() {
                if index == end
                    && let Some((chain, generation, next)) = runs.next()
                {
                    self.append_run(chain, generation);
                    end = next;
                }
                self.advance();
                self.intents.push(intent);
                index += 1;
            } else {
                break;
            }
            place += 1;
        }
    }

    /// Takes out what is in doubt, for whoever [doubts](Self::doubt) it again in the end.
    pub(crate) fn take_doubt(&mut self) -> usize {
        self.begin();
        std::mem::take(&mut self.doubtful)
    }

    pub(crate) fn doubt(&mut self, doubtful: usize) {
        self.doubtful = doubtful;
    }

    /// Makes the batch as new, to be dispatched by another executor or once more; says whether it
    /// was [accounted](Self::account) for before.
    pub(crate) fn renew(&mut self) -> bool {
        self.account(0, Vec::new(), Vec::new());
        self.attempting = None;
        self.doubtful = 0;
        self.duplicates.clear();
        std::mem::replace(&mut self.accounted, true)
    }

    /// Ends what [`renew`](Self::renew) began.
    pub(crate) fn renewed(&mut self, accounted: bool) {
        self.attempting = None;
        self.accounted = accounted;
    }

    /// Notes what has become of the batch: those before `completed` left but for the ones that failed
    /// and the ones skipped, the others were not attempted.
    pub(crate) fn account(
        &mut self,
        completed: usize,
        failures: Vec<(usize, BoxError)>,
        skipped: Vec<usize>,
    ) {
        self.completed = completed;
        self.failures = failures;
        self.skipped = skipped;
        self.sending = 0..0;
    }

    /// Whether the intent at `index` was not attempted, whatever the error says.
    pub(crate) fn is_skipped(&self, index: usize) -> bool {
        self.skipped.binary_search(&index).is_ok()
    }

    /// Every run's policies and generation, and where it ends.
    fn runs(&self) -> Vec<(Chain, u32, usize)> {
        let mut runs = Vec::with_capacity(1 + self.more.len());
        let mut start = 0;
        while start < self.len() {
            let (chain, generation, end) = self.run_of(start);
            runs.push((chain.clone(), generation, end));
            start = end;
        }
        runs
    }

    /// Moves the intents that left into the report, at their positions. Those that remain did not
    /// leave, which a [`DispatchError`] can say.
    fn part_with_dispatched(&mut self) {
        let mut taken: Vec<_> = self.aside.iter().map(|(position, _)| *position).collect();
        taken.sort_unstable();
        let mut taken = taken.into_iter().peekable();
        let runs = self.runs();
        let skipped = std::mem::take(&mut self.skipped);
        let duplicates = std::mem::take(&mut self.duplicates);
        let completed = std::mem::take(&mut self.completed);
        let doubtful = std::mem::take(&mut self.doubtful);
        let mut failures = std::mem::take(&mut self.failures);
        failures.sort_by_key(|(index, _)| *index);
        let mut failures = failures.into_iter().peekable();
        let mut intents = self.take_all().into_iter().enumerate();
        self.more.clear();
        let (mut place, mut start) = (0, 0);
        for (chain, generation, end) in runs {
            let mut remaining = Vec::new();
            for (index, intent) in intents.by_ref().take(end - start) {
                while taken.next_if(|position| *position <= place).is_some() {
                    place += 1;
                }
                let before = remaining.len();
                if let Some((_, error)) = failures.next_if(|(failed, _)| *failed == index) {
                    self.failures.push((self.intents.len() + remaining.len(), error));
                    remaining.push(intent);
                } else if index >= completed || skipped.binary_search(&index).is_ok() {
                    remaining.push(intent);
                } else {
                    let duplicate = duplicates.binary_search(&index).is_ok();
                    let fate = if duplicate { Fate::Duplicate } else { Fate::Dispatched };
                    self.aside.push((place, Aside::Entry(ReportEntry::new(&intent, fate))));
                }
                if index < doubtful {
                    self.doubtful += remaining.len() - before;
                }
                place += 1;
            }
            self.append_in_place(chain, generation, remaining);
            start = end;
        }
    }
}
