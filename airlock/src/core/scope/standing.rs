//! A scope that is open without being current: for what begins in one call and ends in another.

use std::thread;

use crate::core::report::Why;
use crate::core::scope::handle::{self, Handle};
use crate::core::scope::{Scope, Sealed};
use crate::core::stack::context::Seat;
use crate::core::stack::scope_settings::ScopeSettings;

/// A scope that is entered by its handle, until it is sealed. One that is dropped discards.
pub(crate) struct Standing {
    seat: Seat,
    handle: Handle,
}

impl Scope {
    /// Opens the scope inside what is current here. `None` where nothing can be enqueued: inside a
    /// policy.
    pub(crate) fn stand(self) -> Option<Standing> {
        let mut seat = Seat {
            frame: Some(ScopeSettings::frame(self.settings.as_deref())),
            configurable: self.policy.is_none(),
            policy: self.policy,
            settings: self.settings,
            ..Seat::default()
        };
        let seated = seat.sit();
        let handle = handle::current();
        drop(seated);
        Some(Standing { seat, handle: handle? })
    }
}

impl Standing {
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the scope: nothing can be added any more.
    pub(crate) fn seal(mut self) -> Sealed {
        self.close()
    }

    fn close(&mut self) -> Sealed {
        let (buffer, level) =
            self.seat.frame.take().map(crate::core::stack::frame::Frame::close).unwrap_or_default();
        Sealed::new(buffer, level, self.seat.settings.take())
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if self.seat.frame.is_some() {
            let why = if thread::panicking() { Why::Panic } else { Why::RolledBack };
            self.close().end(why);
        }
    }
}
