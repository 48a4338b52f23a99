//! Engines keep effects until a worker runs them. Each has a handle, which is its executor and its workers' source.

#[cfg(feature = "apalis")]
pub mod apalis;
#[cfg(feature = "_celery")]
pub mod celery;
#[cfg(feature = "_dramatiq")]
pub mod dramatiq;
#[cfg(feature = "graphile")]
pub mod graphile;
pub(crate) mod shared;
