//! Wall-clock times, ours beside the hand-written: `cargo bench -p airlock --bench wall`.
//!
//! A name after `--` runs the groups that it is part of, such as `-- judged`. The times of one group
//! compare with each other and with nothing else: `docs/performance.md` says how to read them.
//!
//! What needs threads is in `threads.rs`: from the first thread on an allocator has to lock, and the
//! hand-written side, which allocates for each effect, would look worse here.

mod cases;
#[macro_use]
#[path = "wall/group.rs"]
mod group;

fn main() {
    // Without it, this is `cargo test`, and unoptimized the deepest case needs more than a stack.
    if std::env::args().any(|argument| argument == "--bench") {
        divan::main();
    }
}

group!(empty_scope: [0], intents::empty, closures::empty);

// By the number of intents: without a policy, and judged by one, as in all that follow.
group!(u64s: [1, 10, 1_000, 100_000], intents::u64s, closures::u64s);
group!(judged: [1, 10, 1_000, 100_000], intents::judged, closures::u64s);
group!(strings: [1_000], intents::strings, closures::strings);
group!(structs: [1_000], intents::structs, closures::structs);
group!(three_scopes: [1_000], intents::three_scopes, closures::u64s);
group!(reported: [1_000], intents::reported, closures::u64s);

// A thousand intents, by the number of policies, or of tasks in a list.
group!(policies: [0, 1, 2, 3, 4, 5], intents::policies, closures::thousand);
group!(local_policies: [0, 1, 2, 3, 4, 5], intents::local_policies, closures::thousand);
group!(block_list: [1, 10, 1_000], intents::block_list, closures::thousand);

// By the number of polls, and of intents in a future.
group!(polls: [1, 1_000], intents::polls, closures::polls);
group!(judged_async: [1, 1_000], intents::judged_async, closures::u64s_async);

// What has to be linear: intents, scopes in scopes, policies around policies.
group!(
    growth: [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    intents::judged, closures::u64s, max_time = 3.0, sample_count = 20
);
group!(nested_scopes: [100, 1_000, 10_000], intents::nested, closures::nested, max_time = 3.0);
group!(
    nested_policies: [100, 1_000, 10_000],
    intents::nested_policies, closures::one, max_time = 3.0
);
