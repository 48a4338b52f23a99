//! A task's type and its methods are visible where its function is.

mod shop {
    pub(super) mod orders {
        #[airlock::task]
        pub(super) fn to_the_shop(order_id: u64) {
            let _ = order_id;
        }

        #[airlock::task]
        pub(in super::super) fn to_the_file(order_id: u64) {
            let _ = order_id;
        }

        #[airlock::task]
        pub(crate) fn to_the_crate(order_id: u64) {
            let _ = order_id;
        }

        #[airlock::task]
        fn to_nobody(order_id: u64) {
            let _ = order_id;
        }

        pub(super) fn own() -> airlock::TaskSet {
            airlock::tasks![to_nobody]
        }
    }

    pub(super) fn all() -> airlock::TaskSet {
        let _ = (orders::to_the_shop::intent(42), orders::own());
        airlock::tasks![orders::to_the_shop, orders::to_the_file, orders::to_the_crate]
    }
}

#[test]
fn each_is_seen_from_there() {
    assert_eq!(shop::all().iter().len(), 3);
    let _ = (shop::orders::to_the_file::intent(42), shop::orders::to_the_crate::intent(42));
}
