//! A closure that takes no intent.

use airlock::Verdict;

fn main() {
    let _ = airlock::scope().policy(|| Verdict::Allow).run(|| ());
}
