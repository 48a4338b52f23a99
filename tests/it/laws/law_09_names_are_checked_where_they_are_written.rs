//! Law 9: **Names are checked where they are written.** In code: by the compiler. In configuration: at start, with the
//! nearest known name. Off the wire: refused by the worker with a clear error, and the message kept.
//!
//! The compiler's part is shown by `ui-tests/ui` (`block_tasks`, `allow_only`, `tasks` and their like).

use airlock::{AllowOnly, BlockTasks};

use crate::policies::marks;

#[test]
fn names_from_a_configuration_are_checked_all_at_once() {
    let names = vec!["it::policies::mail".to_owned(), "it::policies::warehouse::notify".to_owned()];
    assert_eq!(marks(BlockTasks::named(&names).expect("known")), "d--");
    assert_eq!(marks(AllowOnly::named(names).expect("known")), "-dd");
    let error = BlockTasks::named(["it::policies::mial", "it::policies::mail", "zzz"])
        .expect_err("unknown");
    let text = error.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(
        lines[0],
        "no task is named `it::policies::mial`: did you mean `it::policies::mail`?"
    );
    assert!(lines[1].starts_with("no task is named `zzz`: check the name"), "{text}");
}
