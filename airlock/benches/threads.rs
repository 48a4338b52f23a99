//! Wall-clock times under Tokio, ours beside the hand-written:
//! `cargo bench -p airlock --bench threads`.
//!
//! Each group is by the number of the runtime's threads.

mod cases;
#[macro_use]
#[path = "wall/group.rs"]
mod group;

fn main() {
    // Without it, this is `cargo test`.
    if std::env::args().any(|argument| argument == "--bench") {
        divan::main();
    }
}

group!(polls: [1, 8], on_tokio::polls, on_tokio::polls_by_hand);
group!(judged: [1, 8], on_tokio::judged, on_tokio::judged_by_hand);
