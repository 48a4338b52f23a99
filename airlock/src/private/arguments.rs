//! What can be done with arguments, by what their types can do.
//!
//! Method calls on `(&&Wrapper(value))` find the most able implementation first: an argument's
//! `Clone` is used where there is one, and its absence is no error.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Copies arguments.
pub struct Duplicating<'a, T>(pub &'a T);

/// Copies arguments that are `Clone`.
pub trait DuplicateByClone<T> {
    /// A copy.
    fn duplicate(&self) -> Option<T>;
}

impl<T: Clone> DuplicateByClone<T> for &Duplicating<'_, T> {
    #[inline]
    fn duplicate(&self) -> Option<T> {
        Some(self.0.clone())
    }
}

/// Copies arguments that go to JSON and back.
pub trait DuplicateByJson<T> {
    /// A copy, where JSON gives one.
    fn duplicate(&self) -> Option<T>;
}

impl<T: Serialize + DeserializeOwned> DuplicateByJson<T> for &&Duplicating<'_, T> {
    fn duplicate(&self) -> Option<T> {
        serde_json::from_str(&serde_json::to_string(self.0).ok()?).ok()
    }
}

/// Arguments that can't be copied.
pub trait DuplicateNot<T> {
    /// None.
    fn duplicate(&self) -> Option<T>;
}

impl<T> DuplicateNot<T> for Duplicating<'_, T> {
    fn duplicate(&self) -> Option<T> {
        None
    }
}

/// Compares the arguments of a local task.
pub struct Comparing<'a, T>(pub &'a T, pub &'a T);

/// Compares arguments that are `PartialEq`.
pub trait EqualByEq {
    /// Whether they are equal.
    fn equal(&self) -> Option<bool>;
}

impl<T: PartialEq> EqualByEq for Comparing<'_, T> {
    fn equal(&self) -> Option<bool> {
        Some(self.0 == self.1)
    }
}

/// Arguments that can't be compared.
pub trait EqualNot {
    /// None.
    fn equal(&self) -> Option<bool>;
}

impl<T> EqualNot for &Comparing<'_, T> {
    fn equal(&self) -> Option<bool> {
        None
    }
}

/// Shows an argument of a local task.
pub struct Showing<'a, T>(pub &'a T);

/// Shows arguments that are `Debug`.
pub trait ShownByDebug {
    /// The text.
    fn shown(&self) -> String;
}

impl<T: fmt::Debug> ShownByDebug for Showing<'_, T> {
    fn shown(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// Arguments that can't be shown.
pub trait ShownNot {
    /// An ellipsis.
    fn shown(&self) -> String;
}

impl<T> ShownNot for &Showing<'_, T> {
    fn shown(&self) -> String {
        "…".into()
    }
}
