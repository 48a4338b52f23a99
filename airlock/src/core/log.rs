//! How each part logs its own events: through `tracing` where that feature is on.
//!
//! Targets: `airlock::enqueue` for refusals, `airlock::flush` for what became of intents, `airlock::worker` for what
//! became of messages, `airlock::transaction` for rollbacks that failed and for what `retry` runs again or not, `airlock::web` for where
//! the effects of requests go. What the
//! program meant to happen is at DEBUG, what it may not have meant at WARN, failures at ERROR. What nothing else reports
//! goes to standard error where the program has no subscriber.

/// Whether the program has a subscriber, so that an event is read.
pub(crate) fn has_subscriber() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::dispatcher::has_been_set();
    #[cfg(not(feature = "tracing"))]
    false
}

/// Writes an event: `event!(warn, "airlock::flush", [intents, %fate], "{call}")`.
#[cfg(feature = "tracing")]
macro_rules! event {
    ($level:ident, $target:literal, [], $($message:tt)+) => {
        ::tracing::$level!(target: $target, $($message)+)
    };
    ($level:ident, $target:literal, [$($fields:tt)+], $($message:tt)+) => {
        ::tracing::$level!(target: $target, $($fields)+, $($message)+)
    };
}

/// Whether an event of this level would be read: `is_read!(DEBUG, "airlock::flush")`.
#[cfg(feature = "tracing")]
macro_rules! is_read {
    ($level:ident, $target:literal) => {
        ::tracing::enabled!(target: $target, ::tracing::Level::$level)
    };
}

/// The same without `tracing`: nothing is written, and the fields count as used.
#[cfg(not(feature = "tracing"))]
macro_rules! event {
    (@used) => {};
    (@used % $($rest:tt)*) => { $crate::core::log::event!(@used $($rest)*) };
    (@used , $($rest:tt)*) => { $crate::core::log::event!(@used $($rest)*) };
    (@used $field:ident $(= $value:expr)? $(, $($rest:tt)*)?) => {{
        $crate::core::log::event!(@value $field $(= $value)?);
        $($crate::core::log::event!(@used $($rest)*))?
    }};
    (@value $field:ident = $value:expr) => { let _ = &$value; };
    (@value $field:ident) => { let _ = &$field; };
    ($level:ident, $target:literal, [$($fields:tt)*], $($message:tt)+) => {{
        $crate::core::log::event!(@used $($fields)*);
        let _ = || ::std::format!($($message)+);
    }};
}

/// Without `tracing` no event is read.
#[cfg(not(feature = "tracing"))]
macro_rules! is_read {
    ($level:ident, $target:literal) => {
        false
    };
}

pub(crate) use {event, is_read};
