//! Runs every program, and `orders` in every way that its help names.

mod features;
mod orders;
mod program;
