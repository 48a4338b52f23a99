//! The cases as gungraun runs them: each once, in a process of its own, after some rounds that are
//! not counted, so that what a thread keeps from scope to scope is there.

use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group};

use crate::cases::{closures, intents, on_tokio};

/// A case and its size.
struct Case {
    run: fn(u64),
    size: u64,
}

fn warmed(run: fn(u64), size: u64) -> Case {
    for _ in 0..3 {
        run(size);
    }
    Case { run, size }
}

#[library_benchmark(setup = warmed)]
#[bench::empty_scope(intents::empty, 0)]
#[bench::u64s_1(intents::u64s, 1)]
#[bench::u64s_10(intents::u64s, 10)]
#[bench::u64s_100(intents::u64s, 100)]
#[bench::u64s_1000(intents::u64s, 1_000)]
#[bench::u64s_10000(intents::u64s, 10_000)]
#[bench::u64s_100000(intents::u64s, 100_000)]
#[bench::judged_1(intents::judged, 1)]
#[bench::judged_10(intents::judged, 10)]
#[bench::judged_100(intents::judged, 100)]
#[bench::judged_1000(intents::judged, 1_000)]
#[bench::judged_10000(intents::judged, 10_000)]
#[bench::judged_100000(intents::judged, 100_000)]
#[bench::strings_1000(intents::strings, 1_000)]
#[bench::structs_1000(intents::structs, 1_000)]
#[bench::request_1(intents::requests, 1)]
#[bench::request_3(intents::requests, 3)]
#[bench::three_scopes_1000(intents::three_scopes, 1_000)]
#[bench::reported_1000(intents::reported, 1_000)]
#[bench::policies_0(intents::policies, 0)]
#[bench::policies_1(intents::policies, 1)]
#[bench::policies_2(intents::policies, 2)]
#[bench::policies_3(intents::policies, 3)]
#[bench::policies_4(intents::policies, 4)]
#[bench::policies_5(intents::policies, 5)]
#[bench::local_policies_1(intents::local_policies, 1)]
#[bench::local_policies_5(intents::local_policies, 5)]
#[bench::block_list_1(intents::block_list, 1)]
#[bench::block_list_10(intents::block_list, 10)]
#[bench::block_list_1000(intents::block_list, 1_000)]
#[bench::polls_1(intents::polls, 1)]
#[bench::polls_1000(intents::polls, 1_000)]
#[bench::held_polls_1000(intents::held_polls, 1_000)]
#[bench::judged_async_1(intents::judged_async, 1)]
#[bench::judged_async_1000(intents::judged_async, 1_000)]
#[bench::tokio_polls(on_tokio::polls, 0)]
#[bench::tokio_judged(on_tokio::judged, 0)]
#[bench::nested_scopes_100(intents::nested, 100)]
#[bench::nested_scopes_1000(intents::nested, 1_000)]
#[bench::nested_policies_100(intents::nested_policies, 100)]
#[bench::nested_policies_1000(intents::nested_policies, 1_000)]
fn airlock(case: Case) {
    (case.run)(case.size);
}

#[library_benchmark(setup = warmed)]
#[bench::empty_scope(closures::empty, 0)]
#[bench::u64s_1(closures::u64s, 1)]
#[bench::u64s_10(closures::u64s, 10)]
#[bench::u64s_100(closures::u64s, 100)]
#[bench::u64s_1000(closures::u64s, 1_000)]
#[bench::u64s_10000(closures::u64s, 10_000)]
#[bench::u64s_100000(closures::u64s, 100_000)]
#[bench::judged_1(closures::u64s, 1)]
#[bench::judged_10(closures::u64s, 10)]
#[bench::judged_100(closures::u64s, 100)]
#[bench::judged_1000(closures::u64s, 1_000)]
#[bench::judged_10000(closures::u64s, 10_000)]
#[bench::judged_100000(closures::u64s, 100_000)]
#[bench::strings_1000(closures::strings, 1_000)]
#[bench::structs_1000(closures::structs, 1_000)]
#[bench::request_1(closures::two_strings, 1)]
#[bench::request_3(closures::two_strings, 3)]
#[bench::three_scopes_1000(closures::u64s, 1_000)]
#[bench::reported_1000(closures::u64s, 1_000)]
#[bench::policies_0(closures::thousand, 0)]
#[bench::policies_1(closures::thousand, 1)]
#[bench::policies_2(closures::thousand, 2)]
#[bench::policies_3(closures::thousand, 3)]
#[bench::policies_4(closures::thousand, 4)]
#[bench::policies_5(closures::thousand, 5)]
#[bench::local_policies_1(closures::thousand, 1)]
#[bench::local_policies_5(closures::thousand, 5)]
#[bench::block_list_1(closures::thousand, 1)]
#[bench::block_list_10(closures::thousand, 10)]
#[bench::block_list_1000(closures::thousand, 1_000)]
#[bench::polls_1(closures::polls, 1)]
#[bench::polls_1000(closures::polls, 1_000)]
#[bench::held_polls_1000(closures::polls, 1_000)]
#[bench::judged_async_1(closures::u64s_async, 1)]
#[bench::judged_async_1000(closures::u64s_async, 1_000)]
#[bench::tokio_polls(on_tokio::polls_by_hand, 0)]
#[bench::tokio_judged(on_tokio::judged_by_hand, 0)]
#[bench::nested_scopes_100(closures::nested, 100)]
#[bench::nested_scopes_1000(closures::nested, 1_000)]
#[bench::nested_policies_100(closures::one, 100)]
#[bench::nested_policies_1000(closures::one, 1_000)]
fn by_hand(case: Case) {
    (case.run)(case.size);
}

library_benchmark_group!(name = effects; compare_by_id = true; benchmarks = airlock, by_hand);

gungraun::main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"]));
    library_benchmark_groups = effects
);

/// What gungraun would have be the program's `main`.
pub(crate) fn start() {
    main();
}
