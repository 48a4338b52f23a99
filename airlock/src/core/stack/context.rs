//! The thread's stack of scopes and the policies in force on it.
//!
//! A scope is current from when its closure is called until it returns, or while its future is
//! polled: it is put on the stack and taken off again, buffer and all. Nothing is current between
//! two polls, so whatever else the thread does then has no part in it.
//!
//! No borrow of the stack is held while the user's code runs, but for one: a policy that is asked is
//! asked under it, and that is how the thread knows that it must not enqueue.

use std::cell::{RefCell, RefMut};
use std::sync::Arc;

use crate::core::executor::DynExecutor;
use crate::core::flush;
use crate::core::flush::{Held, Lost};
use crate::core::intent::{Intent, ToEnqueue};
use crate::core::policy::PolicyViolation;
use crate::core::policy::chain::{self, Chain, SharedPolicy};
use crate::core::report::Why;
use crate::core::scope::Sealed;
use crate::core::stack::buffer::Buffer;
use crate::core::stack::config::Config;
use crate::core::stack::enqueue_error::{EnqueueError, Refusal};
use crate::core::stack::frame::{Frame, Release, Shared};
use crate::core::stack::scope_settings::ScopeSettings;

thread_local! {
    static CONTEXT: Context = const { Context::new() };
}

struct Context {
    /// Borrowed while a policy, or a rule of what to release, is asked: the intent that it judges
    /// stays in its buffer meanwhile.
    stack: RefCell<Stack>,
    /// Where the scopes stand that a policy opens. They stay empty, for it may not enqueue.
    judges: RefCell<Stack>,
}

struct Stack {
    /// The policies in force, of scopes and local ones.
    chain: Chain,
    /// How many scopes are current, one inside another.
    depth: usize,
    /// The innermost. With a depth of 0 it is as new, but for the emptied buffer of an earlier scope:
    /// entering the first scope, and leaving it when it was not used, moves nothing.
    current: Frame,
    /// Those around it, innermost last.
    outer: Vec<Frame>,
    config: Option<Arc<Config>>,
    /// The emptied buffer of an earlier scope, for one that does not begin in `current`: most scopes
    /// allocate nothing.
    spare: Vec<Intent>,
}

/// The largest buffer that a thread keeps for its next scope, in intents.
const SPARE: usize = 1024;

impl Context {
    const fn new() -> Self {
        Self { stack: RefCell::new(Stack::new()), judges: RefCell::new(Stack::new()) }
    }

    /// The stack that scopes are put on now.
    #[inline]
    fn stack(&self) -> RefMut<'_, Stack> {
        match self.stack.try_borrow_mut() {
            Ok(stack) => stack,
            Err(_) => self.judges.borrow_mut(),
        }
    }

    fn is_judging(&self) -> bool {
        self.stack.try_borrow_mut().is_err()
    }
}

impl Stack {
    const fn new() -> Self {
        Self {
            chain: None,
            depth: 0,
            current: Frame::new(),
            outer: Vec::new(),
            config: None,
            spare: Vec::new(),
        }
    }

    /// The list to append one intent of so many bytes to; `None` where none can be appended on this
    /// thread.
    #[inline]
    fn open(&mut self, bytes: usize) -> Option<&mut Vec<Intent>> {
        if self.depth == 0 || self.current.is_elsewhere() {
            return None;
        }
        self.current.open(&self.chain, bytes, &mut self.spare)
    }

    #[inline]
    fn push(&mut self, mut frame: Frame) {
        self.keep_spare();
        let outer = (self.depth > 0).then_some(&self.current);
        frame.enter_in(outer, || Config::bounds(self.config.as_ref()));
        if self.depth > 0 {
            self.outer.push(std::mem::replace(&mut self.current, frame));
        } else {
            self.current = frame;
        }
        self.depth += 1;
    }

    #[inline(never)]
    fn push_boundary(&mut self) {
        self.push(Frame::boundary());
    }

    /// Puts `frame` on the stack and leaves in its place what stood there, which at the bottom of the
    /// stack is a frame as new: nothing but two frames is exchanged.
    #[inline]
    fn exchange_in(&mut self, frame: &mut Frame) {
        if self.depth > 0 {
            return self.push(std::mem::take(frame));
        }
        if !frame.is_entered() {
            self.begin(frame);
        }
        std::mem::swap(&mut self.current, frame);
        self.depth = 1;
    }

    #[inline(never)]
    fn begin(&mut self, frame: &mut Frame) {
        self.keep_spare();
        frame.enter_in(None, || Config::bounds(self.config.as_ref()));
    }

    /// Takes what [`exchange_in`](Self::exchange_in) has put there off the stack again.
    #[inline]
    fn exchange_out(&mut self, frame: &mut Frame) {
        if self.depth == 1 {
            std::mem::swap(&mut self.current, frame);
            self.depth = 0;
        } else {
            *frame = self.pop();
        }
    }

    /// Takes the emptied buffer out of the frame at the bottom, which is to be replaced.
    #[inline]
    fn keep_spare(&mut self) {
        if self.depth == 0 && self.current.buffer.emptied().capacity() > self.spare.capacity() {
            std::mem::swap(&mut self.spare, self.current.buffer.emptied());
        }
    }

    #[inline]
    fn pop(&mut self) -> Frame {
        debug_assert!(self.depth > 0, "scopes are left in the order in which they nest");
        self.depth -= 1;
        std::mem::replace(&mut self.current, self.outer.pop().unwrap_or_default())
    }

    /// The frames an intent passes on its way out, innermost first: up to a boundary, that included.
    fn enclosing(&mut self) -> impl Iterator<Item = &mut Frame> {
        let mut ended = false;
        let current = (self.depth > 0).then_some(&mut self.current);
        current.into_iter().chain(self.outer.iter_mut().rev()).take_while(move |frame| {
            let before = ended;
            ended |= frame.boundary;
            !before
        })
    }

    #[inline]
    fn captures_whole(&self) -> bool {
        self.depth > 0 && self.current.releases_nothing()
    }

    /// Whether a new scope is told nothing by a configuration.
    #[inline]
    fn is_unconfigured(&self) -> bool {
        self.config.is_none() && Config::installed().is_none()
    }
}

/// Puts an intent into the current scope.
///
/// It is made where it stays. Made anywhere else it would be copied with loads that are wider than the
/// stores that made it, for which a processor has to wait.
#[inline]
pub(crate) fn enqueue(asked: impl ToEnqueue) -> Result<(), EnqueueError> {
    // Without a context the thread is being torn down, and no scope is current on it.
    let enqueued = if CONTEXT.try_with(|_| ()).is_ok() {
        CONTEXT.with(|context| context.enqueue(asked))
    } else {
        Err(refuse(EnqueueError::NoScope, &asked.into_intent()))
    };
    enqueued.map_err(|error| *error)
}

#[cold]
#[expect(clippy::unnecessary_box_returns, reason = "what it is returned in is one register")]
fn refuse(why: impl FnOnce(Refusal) -> EnqueueError, intent: &Intent) -> Box<EnqueueError> {
    let error = why(Refusal::of(intent));
    crate::core::events::refused(&error);
    Box::new(error)
}

impl Context {
    // Out of line, as all that the thread-local's closures call: so small a closure is inlined, and
    // with it what finds the thread-local.
    //
    // The error is boxed so that the result is one register.
    #[inline(never)]
    fn enqueue(&self, asked: impl ToEnqueue) -> Result<(), Box<EnqueueError>> {
        // Before anything is borrowed, for serde's code is the user's. The compiler sees where it is 0.
        let bytes = asked.bytes();
        let Ok(mut stack) = self.stack.try_borrow_mut() else {
            return Err(refuse(EnqueueError::InPolicy, &asked.into_intent()));
        };
        let Some(intents) = stack.open(bytes) else {
            drop(stack);
            return self.enqueue_elsewhere(asked.into_intent());
        };
        // `extend` makes room first, and the intent then, in its place.
        intents.extend(std::iter::once_with(|| asked.into_intent()));
        if stack.chain.is_none() { Ok(()) } else { judge(stack, bytes) }
    }

    /// Where there is no scope, its buffer is full, or shared: then the intent is judged before it
    /// is there.
    #[cold]
    fn enqueue_elsewhere(&self, intent: Intent) -> Result<(), Box<EnqueueError>> {
        // A refused intent is shown, and that is the user's code: by then nothing is borrowed.
        let place = {
            let stack = self.stack();
            match stack.current.shared() {
                _ if stack.depth == 0 => Err(None),
                Some(shared) => Ok((shared.clone(), stack.chain.clone())),
                None => Err(Some(stack.current.reached())),
            }
        };
        let (shared, chain) = match place {
            Ok(place) => place,
            Err(None) => return Err(refuse(EnqueueError::NoScope, &intent)),
            Err(Some(bound)) => {
                return Err(refuse(|refusal| EnqueueError::Full(refusal, bound), &intent));
            }
        };
        if let Err(violation) = judging(|| chain::on_enqueue(&chain, &intent)) {
            return Err(refused(&intent, violation));
        }
        shared.push(intent, &chain).map_err(|error| {
            crate::core::events::refused(&error);
            Box::new(error)
        })
    }
}

/// Keeps the allocation of a buffer that has been flushed for the thread's next scope.
#[inline]
pub(crate) fn recycle(intents: &mut Vec<Intent>) {
    intents.clear();
    if intents.capacity() <= SPARE {
        let _ = CONTEXT.try_with(|context| context.recycle(intents));
    }
}

impl Context {
    /// Leaves in its place the smaller allocation of the two, if any.
    #[inline(never)]
    fn recycle(&self, intents: &mut Vec<Intent>) {
        let mut stack = self.stack();
        let spare =
            if stack.depth == 0 { stack.current.buffer.emptied() } else { &mut stack.spare };
        if intents.capacity() > spare.capacity() {
            std::mem::swap(spare, intents);
        }
    }
}

#[cold]
#[expect(clippy::unnecessary_box_returns, reason = "what it is returned in is one register")]
fn refused(intent: &Intent, violation: PolicyViolation) -> Box<EnqueueError> {
    refuse(|refusal| EnqueueError::Refused(refusal, violation), intent)
}

/// Asks the policies in force about the intent that was just written, and takes it out again unless
/// they accept it. The stack is borrowed all the while: nothing can be enqueued.
#[inline]
fn judge(stack: RefMut<'_, Stack>, bytes: usize) -> Result<(), Box<EnqueueError>> {
    let judging = Judging { stack: Some(stack), bytes };
    let Some(stack) = &judging.stack else { unreachable!("it was just put there") };
    let Some(intent) = stack.current.last() else { unreachable!("it was just written") };
    match chain::on_enqueue(&stack.chain, intent) {
        Ok(()) => {
            judging.accept();
            Ok(())
        }
        Err(violation) => Err(refused(intent, violation)),
    }
}

struct Judging<'a> {
    stack: Option<RefMut<'a, Stack>>,
    /// Those of the intent.
    bytes: usize,
}

impl Judging<'_> {
    #[inline]
    fn accept(mut self) {
        let stack = self.stack.take();
        // There is nothing left in it to drop, which the compiler does not see.
        std::mem::forget(self);
        drop(stack);
    }
}

impl Drop for Judging<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(mut stack) = self.stack.take() {
            // Refused, or its policy panicked. What is dropped is the user's, and may use airlock.
            let refused = stack.current.pop(self.bytes);
            drop(stack);
            drop(refused);
        }
    }
}

/// Whether a policy is being asked on this thread.
pub(crate) fn is_judging() -> bool {
    CONTEXT.try_with(Context::is_judging).unwrap_or(false)
}

/// Runs code that judges: it may not enqueue.
pub(crate) fn judging<T>(judge: impl FnOnce() -> T) -> T {
    let mut judge = Some(judge);
    let judged = CONTEXT.try_with(|context| {
        // Already borrowed where a policy's own scope judges.
        let _stack = context.stack.try_borrow_mut();
        judge.take().map(|judge| judge())
    });
    match (judged, judge) {
        (Ok(Some(judged)), _) => judged,
        (_, Some(judge)) => judge(),
        _ => unreachable!("it is run once"),
    }
}

// ---- scopes of closures

/// A scope that is current on this thread until it is left.
#[must_use]
pub(crate) struct Entered {
    /// The policies in force outside, where entering changed them.
    outside: Option<Chain>,
    settings: Option<Box<ScopeSettings>>,
    /// Whether it is on a stack.
    present: bool,
}

/// What a scope held when it was left.
pub(crate) struct Left {
    pub(crate) buffer: Buffer,
    pub(crate) level: u32,
    pub(crate) settings: Option<Box<ScopeSettings>>,
}

/// A scope without settings that nothing encloses: most are, and they cost a few instructions.
pub(crate) struct Plain {
    // Private, so that only `enter_plain` makes one.
    _entered: (),
}

/// Makes a new scope current that has no settings, if nothing else is current nor configured.
#[inline]
pub(crate) fn enter_plain() -> Option<Plain> {
    // Asked before anything is borrowed, so that the borrow and its end are one store.
    if Config::installed().is_some() {
        return None;
    }
    let entered = CONTEXT.try_with(|context| match context.stack.try_borrow_mut() {
        Ok(mut stack) if stack.depth == 0 && stack.config.is_none() => {
            stack.depth = 1;
            true
        }
        _ => false,
    });
    entered.unwrap_or(false).then(|| Plain { _entered: () })
}

impl Plain {
    /// Takes the scope off the stack where nothing was enqueued in it; else gives it back.
    #[inline]
    pub(crate) fn leave_untouched(self) -> Result<(), Self> {
        let untouched = CONTEXT.with(|context| match context.stack.try_borrow_mut() {
            Ok(mut stack) if stack.current.is_untouched() => {
                stack.depth = 0;
                true
            }
            _ => false,
        });
        if untouched {
            std::mem::forget(self);
            return Ok(());
        }
        Err(self)
    }

    /// Takes the scope off the stack, with what was enqueued in it.
    #[inline]
    pub(crate) fn leave(self) -> Held {
        std::mem::forget(self);
        // Written where it stays: `LocalKey::with` would copy what it returns.
        let mut held = Held::nothing();
        CONTEXT.with(|context| context.leave_plain(&mut held));
        held
    }
}

impl Drop for Plain {
    /// Only a panic gets here.
    fn drop(&mut self) {
        let (buffer, level) = CONTEXT.with(|context| context.leave(None));
        flush::discard_maybe_reported(&buffer, level, None, Why::Panic);
    }
}

/// Makes a new scope current. One that nothing encloses and that has no policy of its own gets the
/// configured one.
pub(crate) fn enter(policy: Option<SharedPolicy>, settings: Option<Box<ScopeSettings>>) -> Entered {
    let mut asked = Some((policy, settings));
    let entered = CONTEXT.try_with(|context| {
        let (policy, settings) = asked.take().unwrap_or_default();
        context.enter(policy, settings)
    });
    // A thread that is being torn down has no scopes any more: nothing can be enqueued in this one.
    entered.unwrap_or_else(|_| Entered {
        outside: None,
        settings: asked.and_then(|(_, settings)| settings),
        present: false,
    })
}

impl Context {
    #[inline(never)]
    fn leave_plain(&self, held: &mut Held) {
        let mut stack = self.stack();
        if let Some(intents) = stack.current.unjudged() {
            std::mem::swap(&mut held.intents, intents);
            stack.depth = 0;
            return;
        }
        drop(stack);
        let (buffer, level) = self.leave(None);
        held.sealed = Some(Box::new(Sealed::new(buffer, level, None)));
    }

    #[inline(never)]
    fn enter(&self, policy: Option<SharedPolicy>, settings: Option<Box<ScopeSettings>>) -> Entered {
        let mut stack = self.stack();
        let policy = match policy {
            None if stack.depth == 0 => configured_policy(stack.config.as_ref()),
            policy => policy,
        };
        let outside = policy.map(|policy| {
            let outside = stack.chain.take();
            stack.chain = chain::within(policy, outside.clone());
            outside
        });
        stack.push(ScopeSettings::frame(settings.as_deref()));
        Entered { outside, settings, present: true }
    }

    #[inline(never)]
    fn leave(&self, outside: Option<Chain>) -> (Buffer, u32) {
        let mut stack = self.stack();
        let inside = outside.map(|outside| std::mem::replace(&mut stack.chain, outside));
        let frame = stack.pop();
        drop(stack);
        // A policy may have a `Drop` of its own, and that may use airlock.
        drop(inside);
        frame.close()
    }
}

fn configured_policy(config: Option<&Arc<Config>>) -> Option<SharedPolicy> {
    match config {
        Some(config) => config.policy.clone(),
        None => Config::installed().and_then(|config| config.policy.clone()),
    }
}

impl Entered {
    /// Takes the scope off the stack.
    pub(crate) fn leave(mut self) -> Left {
        let left = self.pop();
        std::mem::forget(self);
        left
    }

    fn pop(&mut self) -> Left {
        let outside = self.outside.take();
        let settings = self.settings.take();
        let (buffer, level) = if self.present {
            CONTEXT.with(|context| context.leave(outside))
        } else {
            (Buffer::new(), 0)
        };
        Left { buffer, level, settings }
    }
}

impl Drop for Entered {
    /// Only a panic gets here.
    fn drop(&mut self) {
        let Left { buffer, level, settings } = self.pop();
        flush::discard_maybe_reported(&buffer, level, settings.as_deref(), Why::Panic);
    }
}

// ---- what futures, handles, local policies and overrides bring along

/// What is put in place each time a future is polled, or while a closure runs.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) frame: Option<Frame>,
    pub(crate) policy: Option<SharedPolicy>,
    /// Policies of a handle, to be in force besides those around.
    pub(crate) carried: Chain,
    /// The policies to be in force in place of those around.
    pub(crate) only: Option<Chain>,
    /// The configuration to be in force; while it is, what is in force outside.
    #[expect(clippy::option_option, reason = "outside there may be none")]
    pub(crate) config: Option<Option<Arc<Config>>>,
    /// Of the scope, for where its future is dropped.
    pub(crate) settings: Option<Box<ScopeSettings>>,
    /// Of a task's own scope: where its flush looks for what is lost with it.
    pub(crate) lost: Option<Lost>,
    /// Whether a scope that nothing encloses gets the configured policy.
    pub(crate) configurable: bool,
    pub(crate) in_force: InForce,
    /// Whether there is nothing more to it than policies and a buffer: the rest of its frame is like
    /// the one that stands at the bottom of a stack anyway.
    pub(crate) plain: bool,
}

/// The policies that were in force inside and outside at the last poll, so that those inside are only
/// put together anew when those outside have changed.
#[derive(Default)]
pub(crate) struct InForce {
    inside: Chain,
    outside: Chain,
    known: bool,
}

impl Seat {
    /// Puts everything in place until the guard is dropped.
    #[inline]
    pub(crate) fn sit(&mut self) -> Seated<'_> {
        // On a thread that is being torn down nothing can be current.
        if CONTEXT.try_with(|_| ()).is_err() {
            return Seated { seat: self, place: SeatPlace::Nowhere };
        }
        if self.plain && CONTEXT.with(|context| context.sit_at_bottom(self)) {
            return Seated { seat: self, place: SeatPlace::Bottom };
        }
        CONTEXT.with(|context| context.sit(self))
    }

    #[cold]
    fn find_inside(&mut self, stack: &Stack) {
        if self.configurable && stack.depth == 0 {
            self.policy = configured_policy(stack.config.as_ref());
        }
        self.configurable = false;
        let inside = match &self.only {
            Some(only) => only.clone(),
            None => chain::carried(&self.carried, &stack.chain),
        };
        self.in_force.inside = match &self.policy {
            Some(policy) => chain::within(policy.clone(), inside),
            None => inside,
        };
        self.in_force.outside.clone_from(&stack.chain);
        self.in_force.known = true;
    }

    /// Whether nothing was enqueued in its scope, which has no settings, and nobody holds on to it.
    #[cfg(feature = "tower")]
    pub(crate) fn is_untouched(&self) -> bool {
        self.settings.is_none() && self.frame.as_ref().is_some_and(Frame::is_untouched)
    }

    fn is_plain(&self) -> bool {
        self.config.is_none()
            && self.in_force.outside.is_none()
            && self.frame.as_ref().is_some_and(Frame::is_plain)
    }
}

/// A [`Seat`] that is taken.
pub(crate) struct Seated<'a> {
    seat: &'a mut Seat,
    place: SeatPlace,
}

#[derive(Clone, Copy)]
enum SeatPlace {
    Nowhere,
    /// On top of the stack, with all that belongs to it.
    Top,
    /// At the bottom of the stack, where of a plain seat only the buffer is put in place.
    Bottom,
}

impl Context {
    /// Takes the bottom of the stack with as little as it needs; `false` where that is not free.
    ///
    /// Most polls come here. To exchange whole frames is twice as much, for stores are what it costs.
    #[inline(never)]
    fn sit_at_bottom(&self, seat: &mut Seat) -> bool {
        let Ok(mut stack) = self.stack.try_borrow_mut() else { return false };
        if stack.depth > 0 || stack.chain.is_some() {
            return false;
        }
        stack.depth = 1;
        std::mem::swap(&mut stack.chain, &mut seat.in_force.inside);
        if let Some(frame) = &mut seat.frame
            && !frame.buffer.is_empty()
        {
            std::mem::swap(&mut stack.current.buffer, &mut frame.buffer);
        }
        true
    }

    #[inline(never)]
    fn rise_from_bottom(&self, seat: &mut Seat) {
        let mut stack = self.stack();
        stack.depth = 0;
        std::mem::swap(&mut stack.chain, &mut seat.in_force.inside);
        if !stack.current.is_untouched()
            && let Some(frame) = &mut seat.frame
        {
            seat.plain = frame.take_from(&mut stack.current);
        }
    }

    #[inline(never)]
    fn sit<'a>(&self, seat: &'a mut Seat) -> Seated<'a> {
        let mut stack = self.stack();
        if let Some(config) = &mut seat.config {
            std::mem::swap(&mut stack.config, config);
        }
        if !seat.in_force.known || !chain::is_same(&seat.in_force.outside, &stack.chain) {
            seat.find_inside(&stack);
        }
        std::mem::swap(&mut stack.chain, &mut seat.in_force.inside);
        if let Some(frame) = &mut seat.frame {
            stack.exchange_in(frame);
        }
        Seated { seat, place: SeatPlace::Top }
    }

    #[inline(never)]
    fn rise(&self, seated: &mut Seated<'_>) {
        let mut stack = self.stack();
        if let Some(frame) = &mut seated.seat.frame {
            stack.exchange_out(frame);
        }
        std::mem::swap(&mut stack.chain, &mut seated.seat.in_force.inside);
        if let Some(config) = &mut seated.seat.config {
            std::mem::swap(&mut stack.config, config);
        }
        seated.seat.plain = seated.seat.is_plain();
    }
}

impl Drop for Seated<'_> {
    #[inline]
    fn drop(&mut self) {
        let _ = match self.place {
            SeatPlace::Nowhere => Ok(()),
            SeatPlace::Top => CONTEXT.try_with(|context| context.rise(self)),
            SeatPlace::Bottom => CONTEXT.try_with(|context| context.rise_from_bottom(self.seat)),
        };
    }
}

/// The executor of the scopes around, innermost first, else the configured one.
pub(crate) fn executor() -> Option<Arc<dyn DynExecutor>> {
    let around = CONTEXT.with(|context| {
        let mut stack = context.stack();
        stack.enclosing().find_map(|frame| match frame.carried_scopes() {
            Some(scopes) => scopes.iter().find_map(|scope| scope.executor().cloned()),
            None => frame.executor().cloned(),
        })
    });
    around.or_else(|| configured(|config| config.and_then(|config| config.executor.clone())))
}

/// The configuration that overrides the installed one here.
pub(crate) fn overriding() -> Option<Arc<Config>> {
    CONTEXT.with(|context| context.stack().config.clone())
}

/// The configuration in force: an override around, else what was installed.
pub(crate) fn configured<T>(look: impl FnOnce(Option<&Config>) -> T) -> T {
    match overriding() {
        Some(config) => look(Some(&config)),
        None => look(Config::installed()),
    }
}

// ---- the tasks that run here

/// The scope of the tasks that run on this thread, one after another, until it is dropped.
pub(crate) struct TaskScope<'a> {
    context: &'a Context,
    outside: Chain,
}

/// Calls `run` with a scope for the tasks that it runs.
pub(crate) fn run_tasks<T>(run: impl FnOnce(&TaskScope<'_>) -> T) -> T {
    CONTEXT.with(|context| run(&context.enter_tasks()))
}

impl TaskScope<'_> {
    /// Puts the policies in force that were so for the task that runs next.
    #[inline]
    pub(crate) fn judge_by(&self, chain: &Chain) {
        drop(self.context.replace_chain(chain));
    }

    /// Whether the task that has just run enqueued nothing.
    #[inline]
    pub(crate) fn is_untouched(&self) -> bool {
        self.context.stack().current.is_untouched()
    }

    /// What the task that has just run enqueued, if anything.
    #[inline]
    pub(crate) fn take_buffer(&self) -> Option<(Buffer, u32)> {
        if self.is_untouched() { None } else { self.context.take_buffer() }
    }
}

impl Context {
    #[inline]
    fn enter_tasks(&self) -> TaskScope<'_> {
        let mut stack = self.stack();
        if stack.depth == 0 && stack.is_unconfigured() {
            // The frame is as new, so it is only marked.
            stack.depth = 1;
            stack.current.boundary = true;
        } else {
            stack.push_boundary();
        }
        TaskScope { context: self, outside: stack.chain.take() }
    }

    #[inline(never)]
    fn replace_chain(&self, chain: &Chain) -> Chain {
        let mut stack = self.stack();
        if chain::is_same(&stack.chain, chain) {
            return None;
        }
        std::mem::replace(&mut stack.chain, chain.clone())
    }

    #[inline(never)]
    fn take_buffer(&self) -> Option<(Buffer, u32)> {
        self.stack().current.take_buffer()
    }

    #[inline(never)]
    fn leave_tasks(&self, outside: Chain) -> (Frame, Chain) {
        let mut stack = self.stack();
        let inside = std::mem::replace(&mut stack.chain, outside);
        (stack.pop(), inside)
    }
}

impl Drop for TaskScope<'_> {
    #[inline]
    fn drop(&mut self) {
        let mut stack = self.context.stack();
        let unjudged = self.outside.is_none() && stack.chain.is_none();
        if unjudged && stack.depth == 1 && stack.current.is_untouched() {
            stack.depth = 0;
            stack.current.boundary = false;
            return;
        }
        drop(stack);
        drop(self.context.leave_tasks(self.outside.take()));
    }
}

// ---- asking what encloses

/// Whether there is a current scope that takes all that a nested one holds, unless it has ended.
pub(crate) fn captures_whole() -> bool {
    CONTEXT.with(|context| context.stack().captures_whole())
}

/// Hands a whole nested buffer to the current scope where that releases nothing: the usual case.
/// `Err` gives it back, where nothing is current or the scope has a say about single intents.
#[inline]
pub(crate) fn capture_whole(buffer: Buffer, level: u32) -> Result<(), Captured> {
    CONTEXT.with(|context| {
        let mut stack = context.stack();
        if stack.depth == 0 {
            Err(Captured::Outermost(buffer))
        } else if stack.captures_whole() {
            stack.current.capture(buffer, level).map_err(Captured::Closed)
        } else {
            Err(Captured::Asked(buffer))
        }
    })
}

/// Why a buffer was not captured whole.
pub(crate) enum Captured {
    /// No scope encloses it.
    Outermost(Buffer),
    /// The enclosing scope has to be asked for each intent.
    Asked(Buffer),
    /// The enclosing scope is a handle's, and has ended.
    Closed(Buffer),
}

/// One scope around the place where this is asked.
pub(crate) struct Enclosing {
    pub(crate) release: Release,
    place: EnclosingPlace,
}

enum EnclosingPlace {
    /// So many frames out from the current one.
    Stack(usize),
    Shared(Arc<Shared>),
}

/// The scopes around, innermost first.
pub(crate) fn enclosing() -> Vec<Enclosing> {
    CONTEXT.with(|context| {
        let mut stack = context.stack();
        let mut scopes = Vec::new();
        for (index, frame) in stack.enclosing().enumerate() {
            match frame.carried_scopes() {
                Some(carried) => scopes.extend(carried.iter().map(|shared| Enclosing {
                    release: shared.release(),
                    place: EnclosingPlace::Shared(shared.clone()),
                })),
                None => scopes.push(Enclosing {
                    release: frame.release(),
                    place: EnclosingPlace::Stack(index),
                }),
            }
        }
        scopes
    })
}

impl Enclosing {
    /// Puts a nested scope's intents into this one; gives them back where it has ended.
    pub(crate) fn capture(&self, nested: Buffer, theirs: u32) -> Result<(), Buffer> {
        match &self.place {
            EnclosingPlace::Shared(shared) => shared.capture(nested, theirs),
            EnclosingPlace::Stack(index) => CONTEXT.with(|context| {
                let mut stack = context.stack();
                match stack.enclosing().nth(*index) {
                    Some(frame) => frame.capture(nested, theirs),
                    None => unreachable!("the stack is as it was when the scopes were listed"),
                }
            }),
        }
    }
}

/// What a handle holds.
pub(crate) struct Carriage {
    /// The current scope and those around it, innermost first.
    pub(crate) scopes: Arc<[Arc<Shared>]>,
    pub(crate) chain: Chain,
    pub(crate) config: Option<Arc<Config>>,
}

/// Shares the current scope and those around it. `None` where no scope is current, or inside a
/// policy.
pub(crate) fn share() -> Option<Carriage> {
    let shared = CONTEXT.try_with(|context| {
        if context.is_judging() {
            return None;
        }
        let mut stack = context.stack();
        if stack.depth == 0 {
            return None;
        }
        let mut scopes = Vec::new();
        for frame in stack.enclosing() {
            match frame.carried_scopes() {
                Some(carried) => scopes.extend(carried.iter().cloned()),
                None => scopes.push(frame.share()),
            }
        }
        Some(Carriage {
            scopes: scopes.into(),
            chain: stack.chain.clone(),
            config: stack.config.clone(),
        })
    });
    shared.ok().flatten()
}
