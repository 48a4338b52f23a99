//! What compiles, one file a reason to doubt it.
#![allow(clippy::unnecessary_wraps, clippy::unused_async, reason = "no task here does anything")]

mod across_modules;
mod blanket_traits;
mod bodies;
mod cfg;
mod constants;
mod fragments;
mod function_bodies;
mod glob_imports;
mod instrumented;
mod macro_generated;
mod own_names;
mod policies;
mod prelude;
mod raw_identifiers;
mod renamed_crate;
mod visibility;
