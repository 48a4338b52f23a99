//! Every mistake of one attribute, at once.

#[airlock::policy(policy = BlockTasks(5), executor = airlock::Inline::new(), AllowAll, crate = "airlock")]
const fn rehearse() {}

fn main() {}
