//! Scopes that a handle has carried away from their thread.

use std::sync::{Arc, PoisonError};

use crate::core::executor::DynExecutor;
use crate::core::intent::Intent;
use crate::core::policy::chain::Chain;
use crate::core::stack::bounds::Bounds;
use crate::core::stack::buffer::Buffer;
use crate::core::stack::enqueue_error::{Bound, EnqueueError, Refusal};
use crate::core::stack::frame::{Release, Role};
use crate::core::threads::sync::{Mutex, MutexGuard};

/// A scope that others can reach: its buffer once a handle on the scope has left its thread.
pub(crate) struct SharedScope {
    state: Mutex<Shared>,
    release: Release,
    executor: Option<Arc<dyn DynExecutor>>,
    role: Role,
    bounds: Bounds,
    level: u32,
}

struct Shared {
    buffer: Buffer,
    closed: bool,
}

/// Why a shared buffer takes no intent.
enum Refused {
    Closed,
    Full(Bound),
}

impl SharedScope {
    pub(super) fn new(
        buffer: Buffer,
        release: Release,
        executor: Option<Arc<dyn DynExecutor>>,
        role: Role,
        bounds: Bounds,
        level: u32,
    ) -> Self {
        Self {
            state: Mutex::new(Shared { buffer, closed: false }),
            release,
            executor,
            role,
            bounds,
            level,
        }
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    pub(super) fn level(&self) -> u32 {
        self.level
    }

    pub(crate) fn push(&self, intent: Intent, chain: &Chain) -> Result<(), EnqueueError> {
        // The refused intent is looked at without the lock: its arguments are the user's, and may
        // use airlock when they are shown or dropped.
        match self.try_push(intent, chain) {
            Ok(()) => Ok(()),
            Err((intent, Refused::Closed)) => Err(EnqueueError::Closed(Refusal::of(&intent))),
            Err((intent, Refused::Full(bound))) => {
                Err(EnqueueError::Full(Refusal::of(&intent), bound))
            }
        }
    }

    fn try_push(&self, intent: Intent, chain: &Chain) -> Result<(), (Intent, Refused)> {
        // Found out without the lock, for it may be the user's code that says so.
        let bytes = intent.bytes(self.bounds.counted());
        let mut state = self.lock();
        if state.closed {
            return Err((intent, Refused::Closed));
        }
        let spare = &mut Vec::new();
        if let Some(intents) = state.buffer.open(chain, self.level, self.bounds, bytes, spare) {
            intents.push(intent);
            return Ok(());
        }
        let reached = self.bounds.reached(state.buffer.len());
        Err((intent, Refused::Full(reached)))
    }

    /// Takes over what is in a nested scope's buffer, unless this scope has ended: what it took then would never be
    /// flushed. Whether it has.
    pub(crate) fn capture(&self, nested: &mut Buffer, theirs: u32) -> bool {
        let mut state = self.lock();
        if !state.closed {
            state.buffer.capture(self.level, nested, theirs);
            state.buffer.keep_within(self.bounds.room());
        }
        !state.closed
    }

    pub(crate) fn release(&self) -> Release {
        self.release.clone()
    }

    pub(crate) fn executor(&self) -> Option<&Arc<dyn DynExecutor>> {
        self.executor.as_ref()
    }

    pub(super) fn close(&self) -> Buffer {
        let mut state = self.lock();
        state.closed = true;
        std::mem::take(&mut state.buffer)
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Buffer, u32) -> T) -> T {
        look(&self.lock().buffer, self.level)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic while the lock was held can only be one of allocation: the buffer is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
