//! Tasks of other modules and crates, by every kind of path, bare and in quotes.

use airlock::{allow_only, block_tasks, tasks};
use shop::mail::{self, send_receipt};

#[airlock::task]
fn here(order_id: u64) {
    let _ = order_id;
}

mod warehouse {
    #[airlock::task]
    pub(super) fn notify(order_id: u64) {
        let _ = order_id;
    }

    pub(super) mod shelf {
        #[airlock::task]
        pub(in super::super) fn fill(order_id: u64) {
            let _ = order_id;
        }

        pub(in super::super) fn above() -> airlock::TaskSet {
            airlock::tasks![super::notify, "super::super::here", self::fill]
        }
    }
}

use warehouse::shelf::fill as refill;

#[airlock::scoped(policy = BlockTasks(here, warehouse::notify, "crate::across_modules::refill", "shop::mail::send_receipt"))]
fn blocked() -> Result<(), airlock::FlushError> {
    Ok(())
}

#[airlock::policy(AllowOnly(self::here, "self::warehouse::notify", ::shop::mail::send_newsletter))]
fn allowed() {}

#[test]
fn names_are_found() {
    let bare = tasks![
        here,
        warehouse::notify,
        warehouse::shelf::fill,
        send_receipt,
        mail::send_newsletter
    ];
    let quoted = tasks![
        "here",
        "warehouse::notify",
        "refill",
        "mail::send_receipt",
        "::shop::mail::send_newsletter"
    ];
    let names =
        |set: &airlock::TaskSet| set.iter().map(airlock::TaskInfo::name).collect::<Vec<_>>();
    assert_eq!(names(&bare), names(&quoted));
    assert_eq!(names(&warehouse::shelf::above()).len(), 3);
    assert_eq!(names(&bare)[4], "shop::mail::send_receipt");
    let _ = (block_tasks![refill], block_tasks!["crate::across_modules::here"].refuse());
    let _ = (allow_only![refill], allow_only!["self::here",]);
    let _ = (tasks![], block_tasks![], allow_only![]);
    blocked().expect("nothing was enqueued");
    allowed();
}
