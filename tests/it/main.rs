//! What airlock does, one file a behaviour.

mod conformance;
