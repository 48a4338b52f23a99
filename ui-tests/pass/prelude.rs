//! Modules in which every name of the prelude means something else.

mod shadowed {
    #![allow(
        dead_code,
        unused_macros,
        non_camel_case_types,
        reason = "they are there to be in the way"
    )]

    pub(super) struct Result;
    pub(super) struct Option;
    pub(super) struct Box;
    pub(super) struct Vec;
    pub(super) struct String;
    pub(super) struct Ok;
    pub(super) struct Err;
    pub(super) struct Some;
    pub(super) struct None;
    pub(super) struct u32;
    pub(super) struct bool;
    pub(super) struct str;
    pub(super) trait Clone {}
    pub(super) trait Copy {}
    pub(super) trait Send {}
    pub(super) trait Sync {}
    pub(super) trait Sized {}
    pub(super) trait Drop {}
    pub(super) trait Fn {}
    pub(super) trait FnOnce {}
    pub(super) trait From {}
    pub(super) trait Into {}
    pub(super) trait Future {}
    pub(super) trait Default {}
    pub(super) trait Iterator {}
    pub(super) fn drop() {}
    pub(super) mod core {}
    pub(super) mod std {}
    pub(super) mod airlock {}

    macro_rules! concat {
        () => {};
    }
    macro_rules! module_path {
        () => {};
    }
    macro_rules! unreachable {
        () => {};
    }
    macro_rules! panic {
        () => {};
    }
    macro_rules! vec {
        () => {};
    }

    #[::airlock::task]
    pub(super) fn send(order_id: u64, #[secret] token: u64) {
        let _ = (order_id, token);
    }

    #[::airlock::task(local, queue = "emails", max_attempts = 3)]
    pub(super) async fn track(
        #[state] smtp: &u8,
        order_id: u64,
    ) -> ::std::result::Result<(), ::std::fmt::Error> {
        let _ = (smtp, order_id);
        ::std::result::Result::Ok(())
    }

    #[::airlock::scoped(policy = (DropAll, BlockTasks(send, "track")), on_failure = Continue, limit = 3)]
    pub(super) fn scoped() -> ::std::result::Result<u64, ::std::boxed::Box<dyn ::std::error::Error>>
    {
        send::enqueue(42, 43)?;
        ::std::result::Result::Ok(42)
    }

    #[::airlock::scoped]
    pub(super) async fn scoped_async() -> u64 {
        42
    }

    #[::airlock::scoped]
    pub(super) fn scoped_future() -> impl ::std::future::Future<Output = u64> {
        ::std::future::ready(42)
    }

    #[::airlock::policy(Coalesce)]
    pub(super) fn policy() -> u64 {
        42
    }

    pub(super) fn lists() -> (::airlock::BlockTasks, ::airlock::AllowOnly) {
        (::airlock::block_tasks![send, "track"], ::airlock::allow_only![track])
    }
}

#[test]
fn nothing_generated_means_them() {
    assert_eq!(shadowed::scoped().expect("all is dropped"), 42);
    assert_eq!(shadowed::policy(), 42);
    drop(shadowed::scoped_async());
    drop(shadowed::scoped_future());
    let _ = shadowed::lists();
    let text = shadowed::send::intent(42, 43).to_string();
    assert_eq!(text, "pass::prelude::shadowed::send(order_id: 42, token: [secret])");
    assert_eq!(
        shadowed::track::intent(42).to_string(),
        "pass::prelude::shadowed::track(order_id: 42)"
    );
}
