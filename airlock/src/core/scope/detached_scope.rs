//! A scope that is open without being current: for what begins in one call and ends in another.

use std::thread;

use crate::core::report::Why;
use crate::core::scope::handle::{self, Handle};
use crate::core::scope::{Scope, Sealed};
use crate::core::stack::environment::Environment;

/// A scope that is entered by its handle, until it is sealed. One that is dropped discards.
pub(crate) struct DetachedScope {
    environment: Environment,
    handle: Handle,
}

impl Scope {
    /// Opens the scope inside what is current here. `None` where nothing can be enqueued: inside a
    /// policy.
    pub(crate) fn detach(self) -> Option<DetachedScope> {
        let mut environment = self.into_environment();
        let entered = environment.enter();
        let handle = handle::current();
        drop(entered);
        Some(DetachedScope { environment, handle: handle? })
    }
}

impl DetachedScope {
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the scope: nothing can be added any more.
    pub(crate) fn seal(mut self) -> Sealed {
        self.close()
    }

    fn close(&mut self) -> Sealed {
        Sealed::new(self.environment.close().unwrap_or_default())
    }
}

impl Drop for DetachedScope {
    fn drop(&mut self) {
        if self.environment.has_scope() {
            let why = if thread::panicking() { Why::Panic } else { Why::RolledBack };
            self.close().end(why);
        }
    }
}
