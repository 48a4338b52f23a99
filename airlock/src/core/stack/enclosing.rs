//! The scopes around, and handing a nested scope's intents to them.

use std::sync::Arc;

use crate::core::stack::buffer::Buffer;
use crate::core::stack::frame::Release;
#[cfg(feature = "transaction")]
use crate::core::stack::frame::Role;
use crate::core::stack::shared_scope::SharedScope;
use crate::core::stack::thread::{THREAD, ThreadStack, on_thread};
use crate::core::task::counted::Counted;

/// Whether there is a current scope that takes all that a nested one holds, unless it has ended.
pub(crate) fn captures_whole() -> bool {
    on_thread(|thread| thread.stack().captures_whole(), || false)
}

/// Empties a nested buffer into the current scope where that releases nothing: the usual case.
///
/// # Errors
///
/// Where nothing is current or the scope has a say about single intents; then the buffer is as it was.
pub(crate) fn capture_whole(buffer: &mut Buffer, level: u32) -> Result<(), NotCaptured> {
    let capture = |thread: &ThreadStack| {
        let mut stack = thread.stack();
        if stack.depth == 0 {
            Err(NotCaptured::Outermost)
        } else if !stack.captures_whole() {
            Err(NotCaptured::Asked)
        } else if stack.current.capture(buffer, level) {
            Ok(())
        } else {
            Err(NotCaptured::Closed)
        }
    };
    on_thread(capture, || Err(NotCaptured::Outermost))
}

/// Why a buffer was not captured whole.
pub(crate) enum NotCaptured {
    /// No scope encloses it.
    Outermost,
    /// The enclosing scope has to be asked for each intent.
    Asked,
    /// The enclosing scope is a handle's, and has ended.
    Closed,
}

/// One scope around the place where this is asked.
pub(crate) struct Enclosing {
    pub(crate) release: Release,
    pub(crate) counted: Counted,
    place: EnclosingPlace,
}

enum EnclosingPlace {
    /// So many frames out from the current one.
    Stack(usize),
    SharedScope(Arc<SharedScope>),
}

/// The scopes around, innermost first.
pub(crate) fn enclosing() -> Vec<Enclosing> {
    let find = |thread: &ThreadStack| {
        let mut stack = thread.stack();
        let mut scopes = Vec::new();
        for (index, frame) in stack.enclosing().enumerate() {
            match frame.carried_scopes() {
                Some(carried) => scopes.extend(carried.iter().map(|shared| Enclosing {
                    release: shared.release(),
                    counted: shared.bounds().counted(),
                    place: EnclosingPlace::SharedScope(shared.clone()),
                })),
                None => scopes.push(Enclosing {
                    release: frame.release(),
                    counted: frame.counted(),
                    place: EnclosingPlace::Stack(index),
                }),
            }
        }
        scopes
    };
    on_thread(find, Vec::new)
}

/// Whether a scope is around in production: a test's capture is none, which knows of no end.
#[cfg(feature = "transaction")]
pub(crate) fn is_enclosed() -> bool {
    let find = |thread: &ThreadStack| {
        let mut stack = thread.stack();
        stack.enclosing().any(|frame| match frame.carried_scopes() {
            Some(carried) => carried.iter().any(|shared| shared.role() != Role::Capture),
            None => frame.role() != Role::Capture,
        })
    };
    on_thread(find, || false)
}

/// A test's capture around the place where this is asked.
#[cfg(feature = "transaction")]
pub(crate) struct CaptureAround {
    pub(crate) capture: Enclosing,
    /// Whether the scope of a transaction is inside it.
    pub(crate) in_transaction: bool,
}

/// The innermost capture around, whatever the scopes inside it hand on and to whom.
#[cfg(feature = "transaction")]
pub(crate) fn capture_around() -> Option<CaptureAround> {
    let found = |shared: Arc<SharedScope>, in_transaction| {
        let counted = shared.bounds().counted();
        let place = EnclosingPlace::SharedScope(shared);
        let capture = Enclosing { release: Release::None, counted, place };
        Some(CaptureAround { capture, in_transaction })
    };
    let find = |thread: &ThreadStack| {
        let mut stack = thread.stack();
        let mut in_transaction = false;
        for frame in stack.frames() {
            if let Some(carried) = frame.carried_scopes() {
                for shared in &**carried {
                    match shared.role() {
                        Role::None => {}
                        Role::Transaction => in_transaction = true,
                        Role::Capture => return found(shared.clone(), in_transaction),
                    }
                }
                continue;
            }
            match frame.role() {
                Role::None => {}
                Role::Transaction => in_transaction = true,
                Role::Capture => return found(frame.share(), in_transaction),
            }
        }
        None
    };
    on_thread(find, || None)
}

impl Enclosing {
    /// Takes over what is in a nested scope's buffer; whether it has, for the scope may have ended.
    pub(crate) fn capture(&self, nested: &mut Buffer, theirs: u32) -> bool {
        match &self.place {
            EnclosingPlace::SharedScope(shared) => shared.capture(nested, theirs),
            EnclosingPlace::Stack(index) => THREAD.with(|thread| {
                let mut stack = thread.stack();
                match stack.enclosing().nth(*index) {
                    Some(frame) => frame.capture(nested, theirs),
                    None => unreachable!("the stack is as it was when the scopes were listed"),
                }
            }),
        }
    }
}
