//! How a scope ends: its intents are offered to the scopes around, judged, carried out, and what
//! became of them is told to whoever asked.

pub(crate) mod chunks;
mod flush_error;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use crate::core::events;
use crate::core::executor::batch::{Aside, Batch};
use crate::core::executor::{DispatchError, DynExecutor, OnFailure, dispatch};
use crate::core::flush::chunks::{Chunks, Undone};
use crate::core::intent::Intent;
use crate::core::policy::chain::{Bench, Chain};
use crate::core::policy::{Occasion, Verdict};
use crate::core::report::{Fate, Report, ReportEntry, Why};
use crate::core::run::inline::Inline;
use crate::core::run::{Interrupted, Runner};
use crate::core::stack::buffer::{Buffer, Segment};
use crate::core::stack::context::{self, Captured};
use crate::core::wait as blocking;

use crate::core::scope::Sealed;
use crate::core::stack::frame::Release;
use crate::core::stack::scope_settings::ScopeSettings;
pub use flush_error::{FailedIntent, FlushError};

/// A scope's intents on their way out: judged, and about to be dispatched.
pub(crate) struct Flush {
    batch: Batch,
    settings: Option<Box<ScopeSettings>>,
    /// Whether a report is made even where everything went well.
    reported: bool,
    /// Why the batch can't leave at all.
    refused: Option<DispatchError>,
    /// Where it leaves in chunks, once it does.
    chunks: Option<Box<Chunks>>,
    finished: bool,
}

impl Flush {
    /// Offers the buffer to the scopes around and judges what they release. `None` where nothing is
    /// left to do or to tell.
    pub(crate) fn prepare(
        buffer: Buffer,
        level: u32,
        settings: Option<Box<ScopeSettings>>,
        reported: bool,
    ) -> Option<Self> {
        let reported = reported || wants_report(settings.as_deref());
        let bounded = settings.as_ref().is_some_and(|settings| settings.boundary);
        let mut flush = Self {
            batch: Batch::new(
                settings.as_ref().map_or_else(Default::default, |settings| settings.on_failure),
            ),
            settings,
            reported,
            refused: None,
            chunks: None,
            finished: false,
        };
        if context::is_judging() && !buffer.is_empty() {
            flush.hold(buffer, level);
            flush.refused = Some(DispatchError::refused(
                "a scope is flushed from inside a policy: policies judge effects, they never let \
                 them out",
            ));
            return Some(flush);
        }
        // What moves into another scope has to be looked at before.
        let entries = if reported && !bounded && context::captures_whole() {
            entries(&buffer, level, &Fate::Captured)
        } else {
            Vec::new()
        };
        let outermost = if bounded {
            Captured::Outermost(buffer)
        } else {
            match context::capture_whole(buffer, level) {
                Err(why) => why,
                Ok(()) if !reported => {
                    flush.finished = true;
                    return None;
                }
                Ok(()) => {
                    flush.batch.put_aside(entries);
                    return Some(flush);
                }
            }
        };
        match outermost {
            Captured::Outermost(buffer) => flush.judge(buffer, level),
            Captured::Asked(buffer) => {
                let released = flush.ask_around(buffer, level);
                flush.judge(released, level);
            }
            Captured::Closed(buffer) => flush.refuse(buffer, level),
        }
        Some(flush)
    }

    /// Intents that their scope has let go and that are carried out elsewhere.
    pub(crate) fn of(batch: Batch) -> Self {
        Self {
            batch,
            settings: None,
            reported: events::reports(),
            refused: None,
            chunks: None,
            finished: false,
        }
    }

    /// The intents, where they are not carried out after all.
    pub(crate) fn into_batch(mut self) -> Batch {
        self.finished = true;
        std::mem::replace(&mut self.batch, Batch::new(OnFailure::Stop))
    }

    /// Runs the batch here.
    pub(crate) fn run_with(mut self, runner: &Runner) -> Result<(), FlushError> {
        let result = runner.run_now(&mut self.batch);
        self.finish_whole(result).map(drop)
    }

    /// The same from async code.
    #[cfg(feature = "tokio")]
    pub(crate) async fn run_with_async(mut self, runner: &Runner) -> Result<(), FlushError> {
        let result = runner.run_awaited(&mut self.batch).await;
        self.finish_whole(result).map(drop)
    }

    /// The enclosing scope, which is a handle's, has ended: nobody would flush what it captured.
    fn refuse(&mut self, buffer: Buffer, level: u32) {
        self.hold(buffer, level);
        self.refused.get_or_insert_with(|| {
            DispatchError::refused(
                "the enclosing scope, entered through a handle, has ended: let it wait for the \
                 work it was handed to",
            )
        });
    }

    /// Takes the buffer as it is, to be handed back.
    fn hold(&mut self, buffer: Buffer, level: u32) {
        for segment in buffer.into_segments(level) {
            self.batch.append(segment.chain, 0, segment.intents);
        }
    }

    /// Asks the scopes around about each intent, innermost first. What one does not release moves
    /// into its buffer, in order; what is left at the end may leave.
    fn ask_around(&mut self, buffer: Buffer, level: u32) -> Buffer {
        let mut segments: Vec<Segment> = buffer.into_segments(level).collect();
        let mut positions: Vec<usize> = (0..intents(&segments).count()).collect();
        for enclosing in context::enclosing() {
            let released = match &enclosing.release {
                Release::All => continue,
                Release::None => vec![false; positions.len()],
                Release::If(release) => self.ask(&**release, &segments, &positions),
            };
            let (kept, left) = divide(segments, level, &released);
            let (kept_at, left_at): (Vec<_>, Vec<_>) =
                positions.into_iter().zip(released).partition(|(_, released)| !released);
            let entries = entries(&kept, level, &Fate::Captured);
            match enclosing.capture(kept, level) {
                Ok(()) => {
                    let kept_at = kept_at.into_iter().map(|(position, _)| position);
                    self.batch.put_aside_at(kept_at.zip(entries));
                }
                Err(kept) => self.refuse(kept, level),
            }
            segments = left;
            positions = left_at.into_iter().map(|(position, _)| position).collect();
        }
        let mut released = Buffer::new();
        for segment in segments {
            released.push_segment(segment, level);
        }
        released
    }

    /// Asks one scope's rule about each intent.
    fn ask(
        &mut self,
        release: &(dyn Fn(&Intent) -> bool + Send + Sync),
        segments: &[Segment],
        positions: &[usize],
    ) -> Vec<bool> {
        let ask = || context::judging(|| intents(segments).map(release).collect());
        match catch_unwind(AssertUnwindSafe(ask)) {
            Ok(released) => released,
            Err(panic) => {
                let entries = segment_entries(segments, &Fate::Discarded(Why::Panic));
                self.batch.put_aside_at(positions.iter().copied().zip(entries));
                self.resume(panic)
            }
        }
    }

    /// Goes on with the panic of what was asked about the intents, which don't vanish unmentioned.
    fn resume(&mut self, panic: Box<dyn Any + Send>) -> ! {
        self.finished = true;
        let report = self.report(|_| Fate::NotAttempted);
        tell(self.settings.as_deref(), &report);
        resume_unwind(panic)
    }

    /// Asks the policies about each intent; what passes is the batch.
    fn judge(&mut self, buffer: Buffer, level: u32) {
        let segments = match buffer.into_single() {
            Ok((None, intents)) => return self.batch.append(None, 0, intents),
            Ok((chain, intents)) => vec![Segment { chain, level, intents }],
            Err(buffer) => buffer.into_segments(level).collect(),
        };
        let Err((segments, panic)) = judge_into(&mut self.batch, segments, 0) else { return };
        self.batch.put_aside(segment_entries(&segments, &Fate::Discarded(Why::Panic)));
        self.resume(panic)
    }

    fn executor(&self) -> Option<Arc<dyn DynExecutor>> {
        let own = self.settings.as_ref().and_then(|settings| settings.executor.clone());
        own.or_else(context::executor)
    }

    /// Names the executor that would be used here, for a flush that is run elsewhere.
    #[cfg(any(feature = "transaction", feature = "web"))]
    pub(crate) fn apart(mut self) -> Self {
        let executor = self.executor();
        self.settings.get_or_insert_default().executor = executor;
        self
    }

    /// Carries the batch out from sync code.
    pub(crate) fn run(mut self) -> Result<(), FlushError> {
        let result = self.dispatch();
        self.finish(result).map(drop)
    }

    pub(crate) fn run_reported(mut self) -> Result<Report, FlushError> {
        let result = self.dispatch();
        self.finish(result).map(Option::unwrap_or_default)
    }

    fn dispatch(&mut self) -> Result<(), Undone> {
        if let Some(refused) = self.refused.take() {
            return Err(Undone::of(refused, self.batch.len()));
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        let executor = self.executor();
        let Some(size) = self.chunk_size() else {
            let result = carry_out(executor.as_deref(), &mut self.batch);
            return self.whole(result);
        };
        let chunks = self.chunks.insert(Box::new(Chunks::of(&mut self.batch, size)));
        while let Some(chunk) = chunks.next(&self.batch) {
            let result = carry_out(executor.as_deref(), chunk);
            chunks.end(&mut self.batch, result);
        }
        self.join_chunks()
    }

    /// How many intents a chunk has, where there are more than that.
    fn chunk_size(&self) -> Option<usize> {
        let size = self.settings.as_ref()?.chunks?;
        (self.batch.len() > size).then_some(size)
    }

    fn join_chunks(&mut self) -> Result<(), Undone> {
        self.chunks.take().map_or(Ok(()), |chunks| chunks.join(&mut self.batch))
    }

    /// What became of a batch that was carried out whole.
    fn whole(&self, result: Result<(), DispatchError>) -> Result<(), Undone> {
        result.map_err(|error| Undone::of(error, self.batch.len()))
    }

    pub(crate) async fn run_async(mut self) -> Result<(), FlushError> {
        let result = self.dispatch_async().await;
        self.finish(result).map(drop)
    }

    pub(crate) async fn run_reported_async(mut self) -> Result<Report, FlushError> {
        let result = self.dispatch_async().await;
        self.finish(result).map(Option::unwrap_or_default)
    }

    async fn dispatch_async(&mut self) -> Result<(), Undone> {
        if let Some(refused) = self.refused.take() {
            return Err(Undone::of(refused, self.batch.len()));
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        self.batch.awaited = true;
        let executor = self.executor();
        let Some(size) = self.chunk_size() else {
            let result = carry_out_async(executor.as_deref(), &mut self.batch).await;
            return self.whole(result);
        };
        let chunks = self.chunks.insert(Box::new(Chunks::of(&mut self.batch, size)));
        while let Some(chunk) = chunks.next(&self.batch) {
            let result = carry_out_async(executor.as_deref(), chunk).await;
            chunks.end(&mut self.batch, result);
        }
        self.join_chunks()
    }

    fn finish_whole(
        &mut self,
        result: Result<(), DispatchError>,
    ) -> Result<Option<Report>, FlushError> {
        let result = self.whole(result);
        self.finish(result)
    }

    /// Tells what became of the intents, and hands back those that did not leave.
    fn finish(&mut self, result: Result<(), Undone>) -> Result<Option<Report>, FlushError> {
        self.finished = true;
        let Err(undone) = result else {
            if !self.reported {
                context::recycle(&mut self.batch.take_all());
                return Ok(None);
            }
            let report = self.report(|_| Fate::Dispatched);
            tell(self.settings.as_deref(), &report);
            return Ok(Some(report));
        };
        let report = self.report(|index| undone.fates[index].clone());
        tell(self.settings.as_deref(), &report);
        Err(FlushError::new(report, undone, self.batch.take_all()))
    }

    fn report(&mut self, fate: impl Fn(usize) -> Fate) -> Report {
        let scope = self.settings.as_ref().and_then(|settings| settings.name.clone());
        Report { scope, entries: self.batch.entries(fate) }
    }
}

/// What a transaction asks for.
#[cfg(feature = "transaction")]
impl Flush {
    /// Moves a buffer into the scope around, which is asked nothing.
    pub(crate) fn hand_over(
        buffer: Buffer,
        level: u32,
        settings: Option<Box<ScopeSettings>>,
    ) -> Self {
        let mut flush = Self::of(Batch::new(OnFailure::Stop));
        flush.settings = settings;
        flush.reported |= tells(flush.settings.as_deref());
        let entries =
            if flush.reported { entries(&buffer, level, &Fate::Captured) } else { Vec::new() };
        let Some(around) = context::enclosing().into_iter().next() else {
            flush.hold(buffer, level);
            flush.refused = Some(DispatchError::refused(
                "the savepoint is released where no scope is around: commit it inside the scope of \
                 the transaction around",
            ));
            return flush;
        };
        match around.capture(buffer, level) {
            Ok(()) => flush.batch.put_aside(entries),
            Err(buffer) => flush.refuse(buffer, level),
        }
        flush
    }

    /// Ends without having attempted anything.
    pub(crate) fn give_back(
        buffer: Buffer,
        level: u32,
        settings: Option<Box<ScopeSettings>>,
        why: crate::core::task::called::BoxError,
    ) -> FlushError {
        let mut flush = Self::of(Batch::new(OnFailure::Stop));
        flush.settings = settings;
        flush.hold(buffer, level);
        flush.undone(DispatchError::refused(why))
    }

    /// What is to be dispatched by somebody else.
    pub(crate) fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Ends well: somebody else has dispatched the batch.
    pub(crate) fn done(mut self) {
        // Nothing that can fail is left.
        let _ = self.finish(Ok(()));
    }

    /// Ends with its transaction, which was rolled back with all that the batch had become.
    pub(crate) fn rolled_back(mut self) {
        self.finished = true;
        if self.reported {
            let report = self.report(|_| Fate::Discarded(Why::RolledBack));
            tell(self.settings.as_deref(), &report);
        }
    }

    /// Ends with its transaction, of which nobody can tell whether it was committed with all that the
    /// batch had become; how many intents that are.
    pub(crate) fn in_doubt(mut self, why: &str) -> usize {
        self.finished = true;
        let is_row: Vec<bool> =
            (0..self.batch.len()).map(|index| !self.batch.is_left_out(index)).collect();
        if self.reported {
            let report = self.report(|index| {
                if is_row[index] { Fate::Failed { error: why.to_owned() } } else { Fate::Duplicate }
            });
            tell(self.settings.as_deref(), &report);
        }
        is_row.into_iter().filter(|is_row| *is_row).count()
    }

    /// Ends where somebody else could not dispatch the batch.
    pub(crate) fn undone(mut self, error: DispatchError) -> FlushError {
        let undone = self.whole(Err(error)).err().unwrap_or_default();
        match self.finish(Err(undone)) {
            Err(error) => error,
            Ok(_) => unreachable!("it was told of an error"),
        }
    }
}

impl Drop for Flush {
    /// A flush whose future is dropped half-way does not end in silence.
    fn drop(&mut self) {
        if self.finished || (self.batch.is_empty() && self.chunks.is_none()) {
            return;
        }
        let undone = match self.chunks.take() {
            Some(chunks) => chunks.cut_short(&mut self.batch),
            None => Undone::cut_short(&mut self.batch),
        };
        let report = self.report(|index| match &undone.fates[index] {
            Fate::NotAttempted => Fate::Discarded(Why::Cancelled),
            fate => fate.clone(),
        });
        events::cancelled(&report);
        tell(self.settings.as_deref(), &report);
    }
}

/// Carries a batch out from sync code; by running the tasks here where there is no executor.
fn carry_out(executor: Option<&dyn DynExecutor>, batch: &mut Batch) -> Result<(), DispatchError> {
    let Some(executor) = executor else { return Inline::default_ref().run_now(batch) };
    let wait = if executor.dyn_blocks() {
        Some(blocking::check().map_err(DispatchError::refused)?)
    } else {
        None
    };
    batch.awaited = false;
    blocking::wait(wait, dispatch(executor, batch))
}

/// The same from async code.
async fn carry_out_async(
    executor: Option<&dyn DynExecutor>,
    batch: &mut Batch,
) -> Result<(), DispatchError> {
    match executor {
        None => Inline::default_ref().run_awaited(batch).await,
        Some(executor) => dispatch(executor, batch).await,
    }
}

/// What a scope held that has no settings and that nothing encloses.
pub(crate) struct Held {
    /// Nobody judges these, and their tasks run here.
    pub(crate) intents: Vec<Intent>,
    /// In their place, what is more than that.
    pub(crate) sealed: Option<Box<Sealed>>,
}

impl Held {
    #[inline]
    pub(crate) fn nothing() -> Self {
        Self { intents: Vec::new(), sealed: None }
    }

    pub(crate) fn settle(mut self, succeeded: bool) -> Result<(), FlushError> {
        if self.sealed.is_some() || !succeeded || events::reports() {
            return self.seal().settle(succeeded);
        }
        settle_plain(&mut self.intents)?;
        if self.intents.capacity() == 0 {
            // Its allocation is kept elsewhere: there is nothing to drop, which the compiler does not
            // see.
            std::mem::forget(self);
        }
        Ok(())
    }

    /// Takes everything out.
    #[cold]
    fn seal(&mut self) -> Sealed {
        match self.sealed.take() {
            Some(sealed) => *sealed,
            None => Sealed::new(Buffer::of_unjudged(std::mem::take(&mut self.intents)), 0, None),
        }
    }
}

impl Drop for Held {
    /// Only a panic leaves anything in it; what is sealed is discarded and says so.
    fn drop(&mut self) {
        drop(self.seal());
    }
}

/// Runs what nobody judges here.
#[inline]
fn settle_plain(intents: &mut Vec<Intent>) -> Result<(), FlushError> {
    if let Some(first) = Inline::default_ref().run_plain(intents) {
        return go_on(std::mem::take(intents), first);
    }
    context::recycle(intents);
    Ok(())
}

/// Goes on where a task is more than a sync one which succeeds and enqueues nothing.
#[cold]
fn go_on(intents: Vec<Intent>, first: Interrupted) -> Result<(), FlushError> {
    let mut batch = Batch::new(OnFailure::Stop);
    batch.append(None, 0, intents);
    let mut flush = Flush::of(batch);
    let result = Inline::default_ref().resume(&mut flush.batch, first);
    flush.finish_whole(result).map(drop)
}

/// Judges segments into a batch; what is dropped is put aside for the report.
///
/// # Errors
///
/// A policy's panic, with the segments as they were.
pub(crate) fn judge_into(
    batch: &mut Batch,
    segments: Vec<Segment>,
    generation: u32,
) -> Result<(), (Vec<Segment>, Box<dyn Any + Send>)> {
    let verdicts = catch_unwind(AssertUnwindSafe(|| context::judging(|| verdicts(&segments))));
    let verdicts = match verdicts {
        Ok(verdicts) => verdicts,
        Err(panic) => return Err((segments, panic)),
    };
    for (segment, dropped) in segments.into_iter().zip(verdicts) {
        let Segment { chain, intents, .. } = segment;
        if dropped.is_empty() {
            batch.append(chain, generation, intents);
        } else {
            batch.append_judged(chain, generation, intents, dropped);
        }
    }
    Ok(())
}

/// For each segment the indices of the intents that are dropped, each with the policy's name.
fn verdicts(segments: &[Segment]) -> Vec<Vec<(usize, Box<str>)>> {
    let mut bench = Bench::new(Occasion::Flush);
    let mut judge = |segment| dropped(&mut bench, segment);
    segments.iter().map(&mut judge).collect()
}

fn dropped<'c>(bench: &mut Bench<'c>, segment: &'c Segment) -> Vec<(usize, Box<str>)> {
    let Segment { chain, intents, .. } = segment;
    let mut dropped = Vec::new();
    if chain.is_some() {
        bench.turn_to(chain);
        for (index, intent) in intents.iter().enumerate() {
            if let Some(policy) = drop_by(bench, chain, intent) {
                dropped.push((index, policy));
            }
        }
    }
    dropped
}

#[inline]
fn drop_by(bench: &mut Bench<'_>, chain: &Chain, intent: &Intent) -> Option<Box<str>> {
    match bench.ask(chain, intent) {
        Verdict::Allow => None,
        Verdict::Drop => Some("a policy".into()),
        Verdict::DropBy(policy) => Some(policy.as_str().into()),
    }
}

fn wants_report(settings: Option<&ScopeSettings>) -> bool {
    tells(settings) || events::reports()
}

fn tells(settings: Option<&ScopeSettings>) -> bool {
    settings.is_some_and(|settings| settings.on_report.is_some())
}

/// Tells of a report. A listener that panics can't undo what has become of the intents, nor keep the
/// caller from hearing of it: the panic has been printed, and ends here.
fn tell(settings: Option<&ScopeSettings>, report: &Report) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        events::report(report);
        if let Some(tell) = settings.and_then(|settings| settings.on_report.as_ref()) {
            tell(report);
        }
    }));
}

fn entries(buffer: &Buffer, level: u32, fate: &Fate) -> Vec<ReportEntry> {
    let intents = buffer.segments(level).flat_map(|(_, _, intents)| intents);
    intents.map(|intent| ReportEntry::new(intent, fate.clone())).collect()
}

/// The same of segments that were taken out of their buffer.
pub(crate) fn segment_entries(segments: &[Segment], fate: &Fate) -> Vec<ReportEntry> {
    intents(segments).map(|intent| ReportEntry::new(intent, fate.clone())).collect()
}

fn intents(segments: &[Segment]) -> impl Iterator<Item = &Intent> {
    segments.iter().flat_map(|segment| &segment.intents)
}

/// What is kept and what is released of some segments, given what is released of their intents.
fn divide(segments: Vec<Segment>, level: u32, released: &[bool]) -> (Buffer, Vec<Segment>) {
    let (mut kept, mut left) = (Buffer::new(), Vec::new());
    let mut released = released.iter();
    for Segment { chain, level: theirs, intents } in segments {
        let (keep, pass): (Vec<_>, Vec<_>) =
            intents.into_iter().zip(&mut released).partition(|(_, released)| !**released);
        let unzip = |divided: Vec<(Intent, &bool)>| divided.into_iter().map(|(i, _)| i).collect();
        let keep = Segment { chain: chain.clone(), level: theirs, intents: unzip(keep) };
        kept.push_segment(keep, level);
        left.push(Segment { chain, level: theirs, intents: unzip(pass) });
    }
    kept.count_bytes(level);
    (kept, left)
}

/// What the task that was running had enqueued when its flush was dropped.
#[derive(Clone, Default)]
pub(crate) struct Lost {
    entries: Arc<Mutex<Vec<ReportEntry>>>,
}

impl Lost {
    pub(crate) fn add(&self, buffer: &Buffer, level: u32, why: Why) {
        let entries = entries(buffer, level, &Fate::Discarded(why));
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
    }

    pub(crate) fn take(&self) -> Vec<ReportEntry> {
        std::mem::take(&mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells that a scope's intents are discarded.
pub(crate) fn discard(
    buffer: &Buffer,
    level: u32,
    settings: Option<&ScopeSettings>,
    why: Why,
) -> Report {
    let entries = entries(buffer, level, &Fate::Discarded(why));
    let report = Report { scope: settings.and_then(|settings| settings.name.clone()), entries };
    tell(settings, &report);
    report
}

/// The same, without a report where nobody asked for one.
pub(crate) fn discard_maybe_reported(
    buffer: &Buffer,
    level: u32,
    settings: Option<&ScopeSettings>,
    why: Why,
) {
    if tells(settings) || events::reports_discard(why) {
        // This runs while a panic unwinds, and arguments that panic when they are shown would make
        // it two.
        let _ = catch_unwind(AssertUnwindSafe(|| discard(buffer, level, settings, why)));
    }
}

impl Batch {
    /// Every intent's entry, in the order of enqueue: those of the batch and those put aside.
    fn entries(&self, fate: impl Fn(usize) -> Fate) -> Vec<ReportEntry> {
        let mut aside: Vec<_> = self.aside.iter().collect();
        aside.sort_by_key(|(position, _)| *position);
        let mut aside = aside.into_iter().peekable();
        let mut batch = self.iter().enumerate();
        let mut entries = Vec::with_capacity(self.len() + self.aside.len());
        for place in 0.. {
            if let Some((_, aside)) = aside.next_if(|(position, _)| *position <= place) {
                entries.push(match aside {
                    Aside::Entry(entry) => entry.clone(),
                    Aside::Dropped(intent, policy) => {
                        ReportEntry::new(intent, Fate::Dropped { policy: policy.to_string() })
                    }
                });
            } else if let Some((index, intent)) = batch.next() {
                let fate = match fate(index) {
                    Fate::Dispatched if self.is_left_out(index) => Fate::Duplicate,
                    fate => fate,
                };
                entries.push(ReportEntry::new(intent, fate));
            } else if aside.peek().is_none() {
                break;
            }
        }
        entries
    }
}
