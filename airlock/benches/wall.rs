//! Wall-clock times, ours beside the hand-written: `cargo bench -p airlock --bench wall`.
//!
//! A name after `--` runs the groups that it is part of, such as `-- judged`. The times of one group
//! compare with each other and with nothing else: `docs/performance.md` says how to read them.

mod cases;

/// More than the deepest recursion here needs; pages that nobody touches cost nothing.
const STACK: usize = 1 << 30;

fn main() {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(divan::main);
    thread.expect("a thread can be had").join().expect("no benchmark panics");
}

/// The two sides of a case, at each of its sizes.
macro_rules! group {
    (
        $group:ident: $sizes:expr, $($airlock:ident)::+, $($by_hand:ident)::+
        $(, $option:ident = $value:expr)*
    ) => {
        mod $group {
            #[divan::bench(args = $sizes $(, $option = $value)*)]
            fn airlock(size: u64) {
                crate::cases::$($airlock)::+(size);
            }

            #[divan::bench(args = $sizes $(, $option = $value)*)]
            fn by_hand(size: u64) {
                crate::cases::$($by_hand)::+(size);
            }
        }
    };
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

// By the number of a runtime's threads.
group!(tokio_polls: [1, 8], on_tokio::polls, on_tokio::polls_by_hand);
group!(tokio_judged: [1, 8], on_tokio::judged, on_tokio::judged_by_hand);

// What has to be linear: intents, scopes in scopes, policies around policies.
group!(
    growth: [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    intents::judged, closures::u64s, max_time = 3.0, sample_count = 20
);
group!(
    nested_scopes: [100, 1_000, 10_000],
    intents::nested, closures::nested, max_time = 3.0
);
group!(
    nested_policies: [100, 1_000, 10_000, 100_000],
    intents::nested_policies, closures::one, max_time = 3.0
);
