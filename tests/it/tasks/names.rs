//! The name of a task is the path of its function, unless it says otherwise.

use airlock::{Intent, Task};

use super::{full, plain};

mod shop {
    pub(super) mod mail {
        #[airlock::task]
        pub(in crate::tasks) fn send(order_id: u64) {
            let _ = order_id;
        }
    }
}

#[test]
fn one_use_imports_both_and_an_alias_serves_both() {
    use shop::mail::send as dispatch;
    dispatch(1);
    assert_eq!(dispatch::intent(1).name(), "it::tasks::names::shop::mail::send");
}

#[test]
fn the_default_name_is_the_path_of_the_function() {
    #[airlock::task]
    fn inner(n: u8) {
        let _ = n;
    }
    assert_eq!(<plain as Task>::NAME, "it::tasks::plain");
    assert_eq!(<full as Task>::NAME, "tasks.full");
    assert_eq!(inner::NAME, "it::tasks::names::inner", "the module's path: a body has none");
    inner(1);
}

#[airlock::task]
fn r#match(r#type: u64, mut r#loop: u64, _unused: u64) {
    r#loop += r#type;
    let _ = r#loop;
}

#[test]
fn raw_identifiers_go_without_their_prefix() {
    let intent = r#match::intent(1, 2, 3);
    assert_eq!(intent.to_string(), "it::tasks::names::match(type: 1, loop: 2, _unused: 3)");
    assert_eq!(intent.to_json().expect("it has JSON"), r#"{"type":1,"loop":2,"_unused":3}"#);
    r#match(1, 2, 3);
}

#[test]
fn a_task_in_a_body_may_be_named_like_one_in_another() {
    fn first() -> Intent {
        #[airlock::task(name = "tasks.first.same")]
        fn same() {}
        same();
        same::intent()
    }
    fn second() -> Intent {
        #[airlock::task(name = "tasks.second.same")]
        fn same() {}
        same();
        same::intent()
    }
    assert_eq!((first().name(), second().name()), ("tasks.first.same", "tasks.second.same"));
}
