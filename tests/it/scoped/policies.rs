//! Policies in the attribute.

use crate::support::note;

mod mails {
    #[airlock::task]
    pub(crate) fn send(n: u64) {
        let _ = n;
    }
}

fn of_ones_own() -> impl airlock::Policy {
    (airlock::AllowAll, airlock::block_tasks![note])
}

/// A function under the policy, that says how many of its two intents would pass.
macro_rules! policies {
    ($($name:ident: $policy:expr => $passes:expr;)*) => {
        $(#[airlock::scoped(policy = $policy, flush_if = |_| false)]
        fn $name() -> usize {
            let _refused_or_not = [note::enqueue(1), mails::send::enqueue(2)];
            let scope = airlock::current().expect("inside").inspect();
            scope.own().iter().filter(|own| own.passes()).count()
        })*

        #[test]
        fn policies_in_attribute_form() {
            $(assert_eq!($name(), $passes, stringify!($policy));)*
        }
    };
}

policies! {
    drop_all: DropAll => 0;
    allow_all: AllowAll => 2;
    no_effects: AssertNoEffects => 0;
    block_bare: BlockTasks(note) => 1;
    block_quoted: BlockTasks("note", mails::send) => 0;
    block_crate: BlockTasks(crate::support::note) => 1;
    block_refuse: BlockTasks(note).refuse() => 1;
    block_none: BlockTasks() => 2;
    allow_only: AllowOnly("mails::send") => 1;
    log: LogOnFlush::default() => 2;
    limit: Limit::per_flush(1) => 1;
    coalesce: Coalesce => 2;
    tuple: (LogOnFlush::default(), BlockTasks(note), Limit::per_flush(5)) => 1;
    array: [BlockTasks(note), BlockTasks(mails::send)] => 0;
    own: of_ones_own() => 1;
    own_in_tuple: (of_ones_own(), DropAll) => 0;
    closure: |_: &airlock::Intent| airlock::Verdict::Drop => 0;
    full_path: airlock::DropAll => 0;
    boxed_policy: Box::new(airlock::DropAll) as Box<dyn airlock::Policy> => 0;
}
