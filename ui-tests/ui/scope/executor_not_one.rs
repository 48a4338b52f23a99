//! A value of a type that is no executor.

struct Queue;

fn main() {
    let _ = airlock::scope().executor(Queue).run(|| ());
}
