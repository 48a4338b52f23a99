//! A tuple, an array and a `Vec` with a member that is no policy.

struct Audit;

fn main() {
    let _ = airlock::scope().policy((airlock::DropAll, Audit)).run(|| ());
    let _ = airlock::scope().policy([Audit]).run(|| ());
    let _ = airlock::scope().policy(vec![Audit]).run(|| ());
}
