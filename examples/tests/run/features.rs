//! One program a feature: each asserts what it claims, and prints what a person can follow.

use std::collections::BTreeSet;
use std::path::Path;

use crate::program::run;

/// A test for each program: it succeeds, and its output has a line that contains the text.
macro_rules! programs {
    ($($name:ident: $telling:literal,)*) => {
        $(
            #[test]
            fn $name() {
                succeeds(env!(concat!("CARGO_BIN_EXE_", stringify!($name))), $telling);
            }
        )*

        const LISTED: &[&str] = &[$(stringify!($name)),*];
    };
}

programs! {
    assert_no_effects: "mail.offer(user_id: 7) was enqueued at",
    async_scopes: "mail for order 102",
    block_tasks: "did you mean `mail.confirmation`?",
    cascades: "failed: the parcel is lost",
    configuration: "no room for it within its limit of 1 intents",
    custom_executor: "would send mail.confirmation(order_id: 9)",
    custom_policy: "was refused by OfficeRules: 50000 cents need a second person",
    flush_error: "failed: mailbox full",
    getting_started: "was enqueued outside any scope",
    handles: "through a handle whose scope has ended",
    inspect: "dropped by BlockTasks",
    limit_and_coalesce: "dropped by Coalesce",
    local_policy: "dropped by Limit",
    local_tasks: "can't be written as JSON",
    logging: "fate=dropped by BlockTasks",
    manifest: "`order_id` is `u64` and was `String`: a message in flight is rejected",
    nesting: "scope outer: 1 own, 4 captured",
    on_failure: "failed: the task panicked: user 4 has no phone",
    options: "can't honour the option `delay`",
    outcome: "audit: a wrong password",
    registry: "`warehouse.pack` lacks its argument `boxes`",
    release: "audit: user 2 tried",
    report: "scope checkout: 2 discarded",
    retry: "tried 2 times: the line was cut",
    route: "to python: images.resize(image_id: 2)",
    scoped_attribute: "order 2 is not paid",
    seal: "scope newsletter: 3 dispatched",
    secrets: "user_id: 7, token: [secret]",
    state: "states are missing",
    testing: "mail.confirmation(order_id: 42, address: [secret])",
    thread_pool: "failed: the printer is superstitious",
    tokio_tasks: "mail for order 3",
    transaction: "2 orders, 1 mail in the queue",
    travelling_policy: "the policy `Limit` can't travel with the message",
    web: "mail for order 42",
}

fn succeeds(program: &str, telling: &str) {
    let place = tempfile::tempdir().expect("there is a place for temporary files");
    let ended = run(program, place.path(), [""; 0], b"");
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    assert!(ended.out.lines().any(|line| line.contains(telling)), "{}", ended.out);
}

#[test]
fn every_program_is_listed() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    let found: BTreeSet<_> = programs
        .read_dir()
        .expect("the programs are there")
        .map(|entry| entry.expect("it can be read").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    let listed = LISTED.iter().copied().chain(["jobs", "orders", "shop"]).map(str::to_owned);
    assert_eq!(found, listed.collect::<BTreeSet<_>>());
}
