//! Values that can't be, by way of a macro's fragments.

macro_rules! task {
    ($function:ident, $name:literal, $queue:expr, $attempts:literal, $removed:literal) => {
        #[airlock::task(name = $name, queue = $queue, max_attempts = $attempts, removed = [$removed])]
        fn $function(note: String) {
            let _ = note;
        }
    };
}

task!(notify, "", "", 0, "note");

fn main() {}
