//! The counts as a person reads them.

use crate::committed::{Committed, ratio};
use crate::counted::Counted;

/// Prints ours beside the hand-written, and what ours has grown by since it was committed.
pub(crate) fn print(counted: &[Counted], committed: &Committed) {
    println!(
        "{:<22} {:>12} {:>12} {:>7} {:>10}",
        "instructions", "airlock", "by hand", "ratio", "committed"
    );
    for count in counted {
        let Counted { case, airlock, by_hand } = count;
        let growth =
            committed.growth(count).map_or("-".to_owned(), |growth| format!("{growth:+.1} %"));
        let ratio = ratio(*airlock, *by_hand);
        println!("{case:<22} {airlock:>12} {by_hand:>12} {ratio:>7.2} {growth:>10}");
    }
}
