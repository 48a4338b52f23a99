//! An intent on its way into the current scope.

use std::cell::RefMut;
use std::panic::Location;

use crate::core::intent::Intent;
use crate::core::log::event;
use crate::core::policy::PolicyViolation;
use crate::core::policy::chain;
use crate::core::stack::enqueue_error::{EnqueueError, Refusal};
use crate::core::stack::thread::{Stack, THREAD, ThreadStack};
use crate::core::stack::while_judging::while_judging;
use crate::core::task::Task;
use crate::core::task::counted::Counted;
use crate::core::task::payload::Call;

impl Intent {
    /// Enqueues a call without making the intent anywhere but in its scope.
    #[inline]
    #[track_caller]
    pub(crate) fn enqueue_call<T: Task>(arguments: T::Arguments) -> Result<(), EnqueueError> {
        let origin = Location::caller();
        enqueue(Unmade::<T> { arguments, origin })
    }

    /// Enqueues the intent into the current scope.
    ///
    /// # Errors
    ///
    /// [`EnqueueError::NoScope`] outside any scope, [`EnqueueError::InPolicy`] inside a policy,
    /// [`EnqueueError::Refused`] where a policy in force refuses it, [`EnqueueError::Closed`] where
    /// a handle's scope has ended, [`EnqueueError::Full`] where the scope's buffer is full.
    #[inline]
    pub fn enqueue(self) -> Result<(), EnqueueError> {
        enqueue(self)
    }
}

/// What is going to be an intent when there is a place for it.
trait ToEnqueue {
    /// Whether the user's code is asked for some of its bytes where all are counted.
    fn has_users_bytes(&self) -> bool;

    /// About how many bytes it takes besides the intent's own.
    fn bytes(&self, counted: Counted) -> usize;

    fn into_intent(self) -> Intent;
}

impl ToEnqueue for Intent {
    #[inline]
    fn has_users_bytes(&self) -> bool {
        true
    }

    fn bytes(&self, counted: Counted) -> usize {
        self.bytes(counted)
    }

    #[inline]
    fn into_intent(self) -> Intent {
        self
    }
}

/// A call that is made an intent where it stays.
struct Unmade<T: Task> {
    arguments: T::Arguments,
    origin: &'static Location<'static>,
}

impl<T: Task> ToEnqueue for Unmade<T> {
    #[inline]
    fn has_users_bytes(&self) -> bool {
        Call::<T>::has_users_bytes(&self.arguments)
    }

    #[inline]
    fn bytes(&self, counted: Counted) -> usize {
        Call::<T>::bytes_of(&self.arguments, counted)
    }

    #[inline]
    fn into_intent(self) -> Intent {
        Intent::of_call::<T>(self.arguments, self.origin)
    }
}

/// Puts an intent into the current scope.
///
/// It is made where it stays. Made anywhere else it would be copied with loads that are wider than the
/// stores that made it, for which a processor has to wait.
#[inline]
fn enqueue(asked: impl ToEnqueue) -> Result<(), EnqueueError> {
    if THREAD.try_with(|_| ()).is_err() {
        return Err(without_thread(asked));
    }
    THREAD.with(|thread| thread.enqueue(asked)).map_err(|error| *error)
}

/// Without a context the thread is being torn down, and no scope is current on it.
#[cold]
#[inline(never)]
fn without_thread(asked: impl ToEnqueue) -> EnqueueError {
    *refuse(EnqueueError::NoScope, &asked.into_intent())
}

#[cold]
#[inline(never)]
fn in_policy(asked: impl ToEnqueue) -> Result<(), Box<EnqueueError>> {
    Err(refuse(EnqueueError::InPolicy, &asked.into_intent()))
}

#[cold]
#[expect(clippy::unnecessary_box_returns, reason = "what it is returned in is one register")]
fn refuse(why: impl FnOnce(Refusal) -> EnqueueError, intent: &Intent) -> Box<EnqueueError> {
    let error = why(Refusal::of(intent));
    log_refused(&error);
    Box::new(error)
}

impl ThreadStack {
    // Out of line, as all that the thread-local's closures call: so small a closure is inlined, and
    // with it what finds the thread-local.
    //
    // The error is boxed so that the result is one register.
    #[inline(never)]
    fn enqueue(&self, asked: impl ToEnqueue) -> Result<(), Box<EnqueueError>> {
        // Before anything is borrowed, for serde's code is the user's. The compiler sees where it is 0.
        let counted = if asked.has_users_bytes() { self.counted() } else { Counted::All };
        let bytes = asked.bytes(counted);
        let Some(mut stack) = self.unless_judging() else { return in_policy(asked) };
        let Some(intents) = stack.open(bytes) else {
            drop(stack);
            return self.enqueue_elsewhere(asked);
        };
        // `extend` makes room first, and the intent then, in its place.
        intents.extend(std::iter::once_with(|| asked.into_intent()));
        if stack.chain.is_none() { Ok(()) } else { judge(stack, bytes) }
    }

    /// Of which arguments the bytes are counted in the current scope.
    #[inline]
    fn counted(&self) -> Counted {
        let counted = |stack: RefMut<'_, Stack>| (stack.depth > 0).then(|| stack.current.counted());
        self.unless_judging().and_then(counted).unwrap_or(Counted::Known)
    }

    /// Where there is no scope, its buffer is full, or shared: then the intent is judged before it
    /// is there.
    #[cold]
    #[inline(never)]
    fn enqueue_elsewhere(&self, asked: impl ToEnqueue) -> Result<(), Box<EnqueueError>> {
        let intent = asked.into_intent();
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
        if let Err(violation) = while_judging(|| chain::on_enqueue(&chain, &intent)) {
            return Err(refused(&intent, violation));
        }
        shared.push(intent, &chain).map_err(|error| {
            log_refused(&error);
            Box::new(error)
        })
    }
}

fn log_refused(error: &EnqueueError) {
    let task = error.task().name();
    event!(debug, "airlock::enqueue", [task], "{error}");
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
    let unjudged = UnjudgedIntent { stack: Some(stack), bytes };
    let Some(stack) = &unjudged.stack else { unreachable!("it was just put there") };
    let Some(intent) = stack.current.last() else { unreachable!("it was just written") };
    match chain::on_enqueue(&stack.chain, intent) {
        Ok(()) => {
            unjudged.accept();
            Ok(())
        }
        Err(violation) => Err(refused(intent, violation)),
    }
}

struct UnjudgedIntent<'a> {
    stack: Option<RefMut<'a, Stack>>,
    /// Those of the intent.
    bytes: usize,
}

impl UnjudgedIntent<'_> {
    #[inline]
    fn accept(mut self) {
        let stack = self.stack.take();
        // There is nothing left in it to drop, which the compiler does not see.
        std::mem::forget(self);
        drop(stack);
    }
}

impl Drop for UnjudgedIntent<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(stack) = self.stack.take() {
            withdraw(stack, self.bytes);
        }
    }
}

/// Takes the intent out again: it was refused, or its policy panicked.
#[cold]
#[inline(never)]
fn withdraw(mut stack: RefMut<'_, Stack>, bytes: usize) {
    // What is dropped is the user's, and may use airlock.
    let refused = stack.current.pop(bytes);
    drop(stack);
    drop(refused);
}
