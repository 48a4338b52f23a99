//! What an argument is as a value: what its type can do, whether JSON keeps it, and how people see it.

pub(crate) mod abilities;
mod arrives;
mod build;
#[cfg(feature = "schemars")]
pub(crate) mod schema;
mod shown;
mod tree;

pub(crate) use arrives::{NotKept, check};
pub(crate) use shown::shown;
