//! Random programs of scopes, policies, panics and futures that are dropped: the counts add up in each.

use proptest::prelude::*;

use crate::laws::programs::{Release, Rule, Step, Tally, check, end, run, run_async, steps};

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_sums_hold_in_sync_programs(steps in steps()) {
        let tally = Tally::default();
        tally.scope(Rule::None, Release::None).run(|| run(&tally, &steps)).expect("nothing fails");
        check(&tally)?;
        prop_assert!(airlock::current().is_none());
    }

    #[test]
    fn the_sums_hold_in_async_programs(steps in steps()) {
        let tally = Tally::default();
        let run = tally.scope(Rule::None, Release::None).run_async(run_async(&tally, &steps));
        crate::support::block_on(run).expect("nothing fails");
        check(&tally)?;
        prop_assert!(airlock::current().is_none());
    }

    #[test]
    fn the_sums_hold_where_the_outermost_fails(steps in steps(), end in end()) {
        let tally = Tally::default();
        let outermost = [Step::Scope(Rule::None, end, Release::None, steps)];
        run(&tally, &outermost);
        check(&tally)?;
        let tally = Tally::default();
        crate::support::block_on(run_async(&tally, &outermost));
        check(&tally)?;
    }
}
