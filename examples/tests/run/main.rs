//! Runs every program, and `orders` in every way that its help names.

mod features;
mod jobs;
mod orders;
mod program;
mod shop;
