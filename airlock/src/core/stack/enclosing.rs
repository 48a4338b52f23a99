//! The scopes around, and handing a nested scope's intents to them.

use std::sync::Arc;

use crate::core::stack::buffer::Buffer;
use crate::core::stack::frame::Release;
#[cfg(feature = "transaction")]
use crate::core::stack::frame::Role;
use crate::core::stack::shared_scope::SharedScope;
use crate::core::stack::thread::THREAD;

/// Whether there is a current scope that takes all that a nested one holds, unless it has ended.
pub(crate) fn captures_whole() -> bool {
    THREAD.with(|thread| thread.stack().captures_whole())
}

/// Hands a whole nested buffer to the current scope where that releases nothing: the usual case.
///
/// # Errors
///
/// The buffer, where nothing is current or the scope has a say about single intents.
#[inline]
pub(crate) fn capture_whole(buffer: Buffer, level: u32) -> Result<(), NotCaptured> {
    THREAD.with(|thread| {
        let mut stack = thread.stack();
        if stack.depth == 0 {
            Err(NotCaptured::Outermost(buffer))
        } else if stack.captures_whole() {
            stack.current.capture(buffer, level).map_err(NotCaptured::Closed)
        } else {
            Err(NotCaptured::Asked(buffer))
        }
    })
}

/// Why a buffer was not captured whole.
pub(crate) enum NotCaptured {
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
    SharedScope(Arc<SharedScope>),
}

/// The scopes around, innermost first.
pub(crate) fn enclosing() -> Vec<Enclosing> {
    THREAD.with(|thread| {
        let mut stack = thread.stack();
        let mut scopes = Vec::new();
        for (index, frame) in stack.enclosing().enumerate() {
            match frame.carried_scopes() {
                Some(carried) => scopes.extend(carried.iter().map(|shared| Enclosing {
                    release: shared.release(),
                    place: EnclosingPlace::SharedScope(shared.clone()),
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
    let found = |shared, in_transaction| {
        let place = EnclosingPlace::SharedScope(shared);
        Some(CaptureAround { capture: Enclosing { release: Release::None, place }, in_transaction })
    };
    THREAD.with(|thread| {
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
    })
}

impl Enclosing {
    /// Puts a nested scope's intents into this one; gives them back where it has ended.
    pub(crate) fn capture(&self, nested: Buffer, theirs: u32) -> Result<(), Buffer> {
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
