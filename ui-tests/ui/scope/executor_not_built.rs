//! A pool's builder where a pool goes.

fn main() {
    let _ = airlock::scope().executor(airlock::ThreadPool::builder()).run(|| ());
}
