//! A value of a type that is no policy.

struct Audit;

fn main() {
    let _ = airlock::scope().policy(Audit).run(|| ());
    airlock::policy(Audit).run(|| ());
}
