//! Names of queues, which are given in many places.

use std::borrow::Cow;

/// A queue's name, as it was given.
///
/// # Panics
///
/// Where it is empty: no worker serves such a queue, and some engines accept it all the same.
#[track_caller]
pub(crate) fn queue_name(name: impl Into<Cow<'static, str>>) -> Cow<'static, str> {
    let name = name.into();
    assert!(
        !name.is_empty(),
        "a queue's name can't be empty: write one, or leave the call out to use the default queue"
    );
    name
}

/// The same, where it is kept as a `String`.
#[cfg(feature = "_engine")]
#[track_caller]
pub(crate) fn owned_queue_name(name: impl Into<String>) -> String {
    queue_name(name.into()).into_owned()
}

/// The same of several. Written as a loop, for a closure would name itself as the caller.
#[cfg(feature = "_queue")]
#[track_caller]
pub(crate) fn owned_queue_names<Q: Into<String>>(
    names: impl IntoIterator<Item = Q>,
) -> Vec<String> {
    let mut checked = Vec::new();
    for name in names {
        checked.push(owned_queue_name(name));
    }
    checked
}
