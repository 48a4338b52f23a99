//! Every task of a module, at once.

fn main() {
    let _ = airlock::tasks!["mail::*"];
}
