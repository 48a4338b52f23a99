//! The thread's stack of scopes and the policies in force on it.
//!
//! A scope is current from when its closure is called until it returns, or while its future is
//! polled: it is put on the stack and taken off again, buffer and all. Nothing is current between
//! two polls, so whatever else the thread does then has no part in it.
//!
//! No borrow of the stack is held while the user's code runs.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::config::Config;
use crate::error::{EnqueueError, Refusal};
use crate::intent::Intent;
use crate::policy::Policy;
use crate::policy::chain::{self, Chain};
use crate::report::Why;
use crate::scope::buffer::Buffer;
use crate::scope::frame::{Frame, Release, Shared};
use crate::scope::{Rules, flush};

thread_local! {
    static CONTEXT: Context = const { Context::new() };
}

struct Context {
    /// Whether a policy, or a rule of what to release, is being asked.
    judging: Cell<bool>,
    stack: RefCell<Stack>,
}

struct Stack {
    /// The policies in force, of scopes and local ones.
    chain: Chain,
    current: Option<Frame>,
    /// The frames around the current one, innermost last.
    outer: Vec<Frame>,
    config: Option<Arc<Config>>,
}

impl Context {
    const fn new() -> Self {
        Self {
            judging: Cell::new(false),
            stack: RefCell::new(Stack {
                chain: None,
                current: None,
                outer: Vec::new(),
                config: None,
            }),
        }
    }
}

impl Stack {
    #[inline]
    fn push(&mut self, mut frame: Frame) {
        frame.enter_below(self.current.as_ref(), || Config::limit(self.config.as_ref()));
        if let Some(outer) = self.current.replace(frame) {
            self.outer.push(outer);
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<Frame> {
        if self.outer.is_empty() {
            self.current.take()
        } else {
            std::mem::replace(&mut self.current, self.outer.pop())
        }
    }

    /// The frames an intent passes on its way out, innermost first: up to a boundary, that included.
    fn enclosing(&mut self) -> impl Iterator<Item = &mut Frame> {
        let mut ended = false;
        self.current.iter_mut().chain(self.outer.iter_mut().rev()).take_while(move |frame| {
            let before = ended;
            ended |= frame.boundary;
            !before
        })
    }
}

/// Puts an intent into the current scope.
#[inline]
pub(crate) fn enqueue(intent: Intent) -> Result<(), EnqueueError> {
    // Without a context the thread is being torn down, and no scope is current on it.
    let mut intent = Some(intent);
    let enqueued = CONTEXT.try_with(|context| match intent.take() {
        Some(intent) => context.enqueue(intent),
        None => Ok(()),
    });
    match (enqueued, intent) {
        (Err(_), Some(intent)) => Err(EnqueueError::NoScope(Refusal::of(&intent))),
        (enqueued, _) => enqueued.unwrap_or(Ok(())),
    }
}

impl Context {
    #[inline]
    fn enqueue(&self, intent: Intent) -> Result<(), EnqueueError> {
        if self.judging.get() {
            return Err(in_policy(&intent));
        }
        let mut stack = self.stack.borrow_mut();
        if stack.current.is_none() {
            return Err(no_scope(&intent));
        }
        if stack.chain.is_some() {
            // The list is taken out instead of cloned: that spares two atomic counts an intent.
            let chain = stack.chain.take();
            drop(stack);
            let verdict = {
                let judging = Judging::start(self, chain);
                chain::on_enqueue(&judging.chain, &intent)
            };
            if let Err(violation) = verdict {
                let error = EnqueueError::Refused(Refusal::of(&intent), violation);
                crate::events::refused(&error);
                return Err(error);
            }
            stack = self.stack.borrow_mut();
        }
        let Stack { chain, current: Some(frame), .. } = &mut *stack else {
            return Err(no_scope(&intent));
        };
        frame.push(intent, chain)
    }
}

#[cold]
fn in_policy(intent: &Intent) -> EnqueueError {
    EnqueueError::InPolicy(Refusal::of(intent))
}

#[cold]
fn no_scope(intent: &Intent) -> EnqueueError {
    EnqueueError::NoScope(Refusal::of(intent))
}

/// While it lives, the thread may not enqueue; the policies it holds are put back at its end.
struct Judging<'a> {
    context: &'a Context,
    chain: Chain,
}

impl<'a> Judging<'a> {
    #[inline]
    fn start(context: &'a Context, chain: Chain) -> Self {
        context.judging.set(true);
        Self { context, chain }
    }
}

impl Drop for Judging<'_> {
    #[inline]
    fn drop(&mut self) {
        self.context.judging.set(false);
        self.context.stack.borrow_mut().chain = self.chain.take();
    }
}

/// Runs code that judges: it may not enqueue.
pub(crate) fn judging<T>(judge: impl FnOnce() -> T) -> T {
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            let _ = CONTEXT.try_with(|context| context.judging.set(self.0));
        }
    }

    let before = CONTEXT.try_with(|context| context.judging.replace(true)).unwrap_or(false);
    let _restore = Restore(before);
    judge()
}

// ---- scopes of closures

/// A scope that is current on this thread until it is left.
#[must_use]
pub(crate) struct Entered {
    /// The policies in force outside, where entering changed them.
    outside: Option<Chain>,
    rules: Option<Box<Rules>>,
}

/// Makes `frame` current. A scope that nothing encloses and that has no policy of its own gets the
/// configured one.
#[inline]
pub(crate) fn enter(
    frame: Frame,
    policy: Option<Arc<dyn Policy>>,
    rules: Option<Box<Rules>>,
) -> Entered {
    CONTEXT.with(|context| {
        let mut stack = context.stack.borrow_mut();
        let policy = match policy {
            None if stack.current.is_none() => configured_policy(stack.config.as_ref()),
            policy => policy,
        };
        let outside = policy.map(|policy| {
            let outside = stack.chain.take();
            stack.chain = chain::within(policy, outside.clone());
            outside
        });
        stack.push(frame);
        Entered { outside, rules }
    })
}

#[inline]
fn configured_policy(config: Option<&Arc<Config>>) -> Option<Arc<dyn Policy>> {
    match config {
        Some(config) => config.policy.clone(),
        None => Config::installed().and_then(|config| config.policy.clone()),
    }
}

impl Entered {
    /// Takes the scope off the stack.
    #[inline]
    pub(crate) fn leave(mut self) -> (Buffer, u32, Option<Box<Rules>>) {
        let (buffer, level) = self.pop();
        let rules = self.rules.take();
        std::mem::forget(self);
        (buffer, level, rules)
    }

    #[inline]
    fn pop(&mut self) -> (Buffer, u32) {
        let outside = self.outside.take();
        let frame = CONTEXT.with(|context| {
            let mut stack = context.stack.borrow_mut();
            let inside = outside.map(|outside| std::mem::replace(&mut stack.chain, outside));
            let frame = stack.pop();
            drop(stack);
            // A policy may have a `Drop` of its own, and that may use airlock.
            drop(inside);
            frame
        });
        match frame {
            Some(frame) => frame.close(),
            None => unreachable!("closures leave their scopes in the order in which they nest"),
        }
    }
}

impl Drop for Entered {
    /// Only a panic gets here.
    fn drop(&mut self) {
        let (buffer, level) = self.pop();
        flush::discard_maybe_reported(buffer, level, self.rules.take(), Why::Panic);
    }
}

// ---- what futures, handles, local policies and overrides bring along

/// What is put in place each time a future is polled, or while a closure runs.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) frame: Option<Frame>,
    pub(crate) policy: Option<Arc<dyn Policy>>,
    /// Policies of a handle, to be in force besides those around.
    pub(crate) carried: Chain,
    /// The policies to be in force in place of those around.
    pub(crate) only: Option<Chain>,
    pub(crate) config: Option<Arc<Config>>,
    /// Of the scope, for where its future is dropped.
    pub(crate) rules: Option<Box<Rules>>,
    /// Whether a scope that nothing encloses gets the configured policy.
    pub(crate) configurable: bool,
    pub(crate) in_force: InForce,
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
        CONTEXT.with(|context| {
            let mut stack = context.stack.borrow_mut();
            let config = self.config.clone().map(|config| stack.config.replace(config));
            if !self.in_force.known || !chain::is_same(&self.in_force.outside, &stack.chain) {
                self.find_inside(&stack);
            }
            std::mem::swap(&mut stack.chain, &mut self.in_force.inside);
            let framed = self.frame.take().map(|frame| stack.push(frame)).is_some();
            Seated { seat: self, framed, config }
        })
    }

    #[cold]
    fn find_inside(&mut self, stack: &Stack) {
        if self.configurable && stack.current.is_none() {
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
}

/// A [`Seat`] that is taken.
pub(crate) struct Seated<'a> {
    seat: &'a mut Seat,
    framed: bool,
    /// The configuration outside, where the seat brought one.
    config: Option<Option<Arc<Config>>>,
}

impl Drop for Seated<'_> {
    #[inline]
    fn drop(&mut self) {
        let _ = CONTEXT.try_with(|context| {
            let mut stack = context.stack.borrow_mut();
            if self.framed {
                self.seat.frame = stack.pop();
            }
            std::mem::swap(&mut stack.chain, &mut self.seat.in_force.inside);
            if let Some(config) = self.config.take() {
                stack.config = config;
            }
        });
    }
}

/// The configuration in force: an override around, else what was installed.
pub(crate) fn configured<T>(look: impl FnOnce(Option<&Config>) -> T) -> T {
    let overriding = CONTEXT.with(|context| context.stack.borrow().config.clone());
    match overriding {
        Some(config) => look(Some(&config)),
        None => look(Config::installed()),
    }
}

// ---- the task that runs here

/// Puts `chain` in force for the task that is about to run in the current, bounded frame.
pub(crate) fn replace_chain(chain: Chain) -> Chain {
    CONTEXT.with(|context| std::mem::replace(&mut context.stack.borrow_mut().chain, chain))
}

/// What the task that ran in the current frame has enqueued, if anything.
#[inline]
pub(crate) fn take_buffer() -> Option<(Buffer, u32)> {
    CONTEXT.with(|context| {
        let mut stack = context.stack.borrow_mut();
        let frame = stack.current.as_mut()?;
        frame.take_buffer()
    })
}

// ---- asking what encloses

/// Hands a whole nested buffer to the current scope where that releases nothing: the usual case.
/// `Err` gives it back, where nothing is current or the scope has a say about single intents.
#[inline]
pub(crate) fn capture_whole(buffer: Buffer, level: u32) -> Result<(), Captured> {
    CONTEXT.with(|context| {
        let mut stack = context.stack.borrow_mut();
        match &mut stack.current {
            None => Err(Captured::Outermost(buffer)),
            Some(frame) if frame.releases_nothing() => {
                frame.capture(buffer, level).map_err(Captured::Closed)
            }
            Some(_) => Err(Captured::Asked(buffer)),
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
        let mut stack = context.stack.borrow_mut();
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
                let mut stack = context.stack.borrow_mut();
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
        let mut stack = context.stack.borrow_mut();
        if context.judging.get() || stack.current.is_none() {
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
