//! Asserting that code has no effects.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use crate::core::intent::Intent;
use crate::core::policy::{AssertNoEffects, Policy, PolicyViolation, Travel};
use crate::core::scope::body::{Body, NotAFuture};
use crate::core::scope::{Scope, Sealed};

/// Runs `body` and panics if it tried to enqueue anything, even where it swallowed the refusal.
///
/// A body that returns a future does not compile, for nothing of it would be seen: [`assert_no_effects_async`] takes
/// one.
///
/// # Panics
///
/// Panics with every attempt: the task, its arguments and the line that enqueued.
///
/// # Examples
///
/// ```
/// use airlock::testing::assert_no_effects;
///
/// let total = assert_no_effects(|| 2 + 2);
/// assert_eq!(total, 4);
/// ```
///
/// ```should_panic
/// # #[airlock::task] fn send_mail(order_id: u64) {}
/// airlock::testing::assert_no_effects(|| {
///     let _swallowed = send_mail::enqueue(42);
/// });
/// ```
#[track_caller]
pub fn assert_no_effects<T, ForAFutureUseAssertNoEffectsAsync>(body: impl Body<T>) -> T
where
    T: NotAFuture<ForAFutureUseAssertNoEffectsAsync>,
{
    let (scope, attempts) = watched();
    let (value, sealed) = scope.seal(body);
    attempts.note_held(sealed);
    attempts.assert_none();
    value
}

/// The same for a future.
///
/// # Panics
///
/// Panics with every attempt: the task, its arguments and the line that enqueued.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let total = airlock::testing::assert_no_effects_async(async { 2 + 2 }).await;
/// assert_eq!(total, 4);
/// # }
/// ```
pub async fn assert_no_effects_async<F: Future>(body: F) -> F::Output {
    let (scope, attempts) = watched();
    let (value, sealed) = scope.seal_async(body).await;
    attempts.note_held(sealed);
    attempts.assert_none();
    value
}

fn watched() -> (Scope, Attempts) {
    let attempts = Attempts::default();
    (crate::core::scope::scope().capturing().policy(attempts.clone()), attempts)
}

/// Refuses every enqueue and remembers it.
#[derive(Clone, Default)]
struct Attempts {
    seen: Arc<Mutex<Vec<String>>>,
}

impl Attempts {
    /// Remembers what was enqueued before, and left inside: a transaction that was begun outside has committed.
    fn note_held(&self, sealed: Sealed) {
        for intent in sealed.intents() {
            self.on_refused(intent);
        }
        sealed.discard();
    }

    #[track_caller]
    fn assert_none(&self) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(seen.is_empty(), "no effects are expected here, but:\n  {}", seen.join("\n  "));
    }
}

impl Policy for Attempts {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        self.on_refused(intent);
        AssertNoEffects.on_enqueue(intent)
    }

    fn on_refused(&self, intent: &Intent) {
        let attempt = format!("{intent} was enqueued at {}", intent.origin());
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(attempt);
    }

    fn name(&self) -> Cow<'static, str> {
        "assert_no_effects".into()
    }

    /// Nothing leaves under it.
    fn travel(&self) -> Travel {
        AssertNoEffects.travel()
    }
}
