//! The limits that airlock promises to keep, each with its figure from this run:
//! `cargo bench -p airlock --bench limits`.
//!
//! Ours and the hand-written are run in turn, and what is shown are medians: a busy machine slows
//! both. `-- polls` measures the polls alone; `-- thousand` prints the nanoseconds of a thousand
//! intents and nothing else, for `airlock_py.py`.

mod cases;
#[path = "limits/clock.rs"]
mod clock;

use std::process::ExitCode;

use cases::{INTENTS, closures, intents, on_tokio};
use clock::{Case, Times, each, pair};

/// More than the deepest recursion here needs; pages that nobody touches cost nothing.
const STACK: usize = 1 << 30;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    // Without it, this is `cargo test`.
    if !asked("--bench") {
        return ExitCode::SUCCESS;
    }
    if asked("thousand") {
        let [times] = each([(intents::judged, INTENTS)]);
        println!("{times:.0}");
        return ExitCode::SUCCESS;
    }
    if asked("polls") {
        print_polls();
        return ExitCode::SUCCESS;
    }
    print_ratios();
    print_policies();
    print_polls();
    // From the first thread on, an allocator has to lock: the hand-written side, which allocates
    // for each effect, would look worse above.
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(print_growth);
    thread.expect("a thread can be had").join().expect("no benchmark panics");
    print_threads();
    ExitCode::SUCCESS
}

/// Prints one line of ours beside the hand-written.
fn row(name: &str, ours: Case, theirs: Case, limit: &str) {
    let Times { ours, theirs } = pair(ours, theirs);
    let ratio = ours / theirs;
    println!("{name:<44} {ours:>9.1} ns {theirs:>9.1} ns {ratio:>7.2} {limit:>7}");
}

fn print_ratios() {
    println!("{:<44} {:>12} {:>12} {:>7} {:>7}", "", "airlock", "by hand", "ratio", "limit");
    let (one, thousand) = ((closures::u64s as fn(u64), 1), (closures::u64s as fn(u64), INTENTS));
    row("empty scope", (intents::empty, 0), (closures::empty, 0), "");
    row("one intent", (intents::u64s, 1), one, "1.2");
    row("one intent, one policy", (intents::judged, 1), one, "");
    row("1,000 intents", (intents::u64s, INTENTS), thousand, "");
    row("1,000 intents, one policy", (intents::judged, INTENTS), thousand, "0.80");
    row("1,000 strings", (intents::strings, INTENTS), (closures::strings, INTENTS), "");
    row("1,000 structs", (intents::structs, INTENTS), (closures::structs, INTENTS), "");
    row("1,000 intents in three scopes", (intents::three_scopes, INTENTS), thousand, "");
    row("1,000 intents, reported", (intents::reported, INTENTS), thousand, "");
}

fn print_policies() {
    println!("\nnanoseconds of an intent, of 1,000");
    println!("{:<44} {:>8} {:>8} {:>18}", "", "one", "five", "a further policy");
    let row = |name: &str, case: fn(u64)| {
        let [one, five] = each([(case, 1), (case, 5)]).map(|times| times / 1_000.0);
        println!("{name:<44} {one:>8.2} {five:>8.2} {:>10.2}, limit 8", (five - one) / 4.0);
    };
    row("policies of one scope", intents::policies);
    row("policies around one another", intents::local_policies);
    let lists = each([1, 10, 1_000].map(|tasks| (intents::block_list as fn(u64), tasks)));
    let [one, ten, thousand] = lists.map(|times| times / 1_000.0);
    println!("block lists of 1, 10 and 1,000 tasks: {one:.2}, {ten:.2}, {thousand:.2}");
}

fn print_polls() {
    let cases = [intents::polls, intents::held_polls, closures::polls];
    let one = each(cases.map(|case| (case as fn(u64), 1)));
    let many = each(cases.map(|case| (case as fn(u64), 10_001)));
    let [empty, holding, alone] = [0, 1, 2].map(|case| (many[case] - one[case]) / 10_000.0);
    println!("\nnanoseconds of a poll: {alone:.2} alone");
    let row = |name, inside| {
        println!("{name:<44} {inside:>8.2}: {:.2} more, limit 10", inside - alone);
    };
    row("in a scope that holds nothing", empty);
    row("in one with a policy, that holds an intent", holding);
}

fn print_growth() {
    println!("\nnanoseconds of each, as their number grows: linear is where it stays");
    let row = |name: &str, case: fn(u64), sizes: &[u64]| {
        print!("{name:<30}");
        for size in sizes {
            let [times] = each([(case, *size)]);
            #[expect(clippy::cast_precision_loss, reason = "a size is far below 2^52")]
            let of_each = times / *size as f64;
            print!(" {size:>9}: {of_each:<7.1}");
        }
        println!();
    };
    let intents_sizes = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    row("intents, one policy", intents::judged, &intents_sizes);
    row("closures", closures::u64s, &intents_sizes);
    row("scopes in scopes", intents::nested, &[10, 100, 1_000, 10_000]);
    row("closures in closures", closures::nested, &[10, 100, 1_000, 10_000]);
    row("policies around policies", intents::nested_policies, &[10, 100, 1_000, 10_000, 100_000]);
}

fn print_threads() {
    println!("\n8 futures under Tokio");
    let polls: [fn(u64); 2] = [on_tokio::polls, on_tokio::polls_by_hand];
    let judged: [fn(u64); 2] = [on_tokio::judged, on_tokio::judged_by_hand];
    for threads in [1, 8] {
        for (what, [ours, theirs]) in [("polls", polls), ("intents", judged)] {
            let name = format!("1,000 {what} each, {threads} of its threads");
            row(&name, (ours, threads), (theirs, threads), "");
        }
    }
}
