//! Traits of the user's, implemented for everything, with the names that generated code calls.
//!
//! Where a call in an expansion reached one of them, it would not compile: none returns what airlock's would. rustc says,
//! too, that none is called.
#![expect(dead_code, reason = "that nothing reaches them is the test")]
#![allow(
    clippy::pedantic,
    clippy::style,
    clippy::wrong_self_convention,
    reason = "the names are those of other things"
)]

/// What everything has here.
pub(crate) struct Mine;

/// Every name that stands behind a dot or two colons in what the macros write, and some that did or could.
macro_rules! with_names {
    ($then:ident) => {
        $then! {
            abilities all allow argument arguments as_ref asynchronous at borrow call cause chunks clear clone default
            default_argument debug deref dispatch done drop duplicate enqueue equal error executor expected
            flush_failed flush_if finish fmt from future handled hash identity info intent intent_of into into_future
            into_iter iter limit limit_bytes map max_attempts named new next of on_failure on_flush_error on_report
            order_id pack poll policy pool queue recall refuse release release_all removed report run run_async seal seal_async
            secret set settle settle_async shown skip state states submit succeeded task task_set tree unwrap value
            with with_default wire
        }
    };
}

macro_rules! by_value {
    ($($name:ident)*) => {
        /// Methods that take everything; not `get`, with which no `thread_local!` of anybody's compiles.
        pub(crate) trait ByValue: Sized {
            $(fn $name(self) -> super::Mine { super::Mine })*
        }

        impl<T> ByValue for T {}
    };
}

macro_rules! by_reference {
    ($($name:ident)*) => {
        /// Methods that borrow everything.
        pub(crate) trait ByReference {
            $(fn $name(&self) -> super::Mine { super::Mine })*
            fn get(&self) -> super::Mine { super::Mine }
        }

        impl<T: ?Sized> ByReference for T {}
    };
}

macro_rules! by_mutable_reference {
    ($($name:ident)*) => {
        /// Methods that borrow everything mutably.
        pub(crate) trait ByMutableReference {
            $(fn $name(&mut self) -> super::Mine { super::Mine })*
            fn get(&mut self) -> super::Mine { super::Mine }
        }

        impl<T: ?Sized> ByMutableReference for T {}
    };
}

macro_rules! functions {
    ($($name:ident)*) => {
        /// Functions of everything.
        pub(crate) trait Functions {
            $(fn $name() -> super::Mine { super::Mine })*
        }

        impl<T: ?Sized> Functions for T {}
    };
}

/// Tasks, scopes, policies, sets and assertions where one of the traits is in scope.
macro_rules! everything {
    () => {
        use airlock::testing::capture;
        use airlock::{assert_effects, assert_enqueued, assert_not_enqueued};

        use std::sync::atomic::{AtomicBool, Ordering};

        static RAN: AtomicBool = AtomicBool::new(false);

        #[derive(serde::Serialize, serde::Deserialize)]
        pub(crate) struct Bare(u64);

        #[airlock::task(name = concat!(module_path!(), ".send"), queue = "mail", max_attempts = 3, removed = ["note"])]
        pub(crate) async fn send(
            #[state] smtp: &Vec<u64>,
            order_id: u64,
            #[secret] token: String,
            #[default] copies: u8,
            #[default(3)] bare: u16,
        ) -> Result<(), std::io::Error> {
            let _ = (smtp, order_id, token, copies, bare);
            Ok(())
        }

        #[airlock::task]
        pub(crate) fn bare(bare: Bare) {
            let _ = bare.0;
        }

        #[airlock::task(local)]
        pub(crate) fn local(then: Box<dyn FnOnce() + Send>) {
            then();
        }

        #[airlock::scoped(
            policy = (Coalesce, BlockTasks(bare, "send")),
            executor = |_: airlock::Intent| Ok::<(), String>(()),
            on_failure = Continue,
            on_flush_error = handle,
            flush_if = |succeeded| succeeded,
            release = |_| true,
            release_all,
            limit = 10,
            limit_bytes = 1_000,
            chunks = 10,
            on_report = |_| {},
            named = "checkout",
        )]
        fn every_option() -> u64 {
            7
        }

        fn handle(_: airlock::FlushError) -> u64 {
            0
        }

        #[airlock::scoped]
        fn number() -> u64 {
            local::enqueue(Box::new(|| RAN.store(true, Ordering::Relaxed))).expect("in a scope");
            7
        }

        #[airlock::scoped]
        fn fails() -> Result<(), airlock::FlushError> {
            local::enqueue(Box::new(|| std::panic::resume_unwind(Box::new("it fails")))).expect("in a scope");
            Ok(())
        }

        #[airlock::scoped]
        async fn later() -> Result<(), Box<dyn std::error::Error>> {
            Ok(())
        }

        #[airlock::policy(DropAll)]
        fn dropped() -> u64 {
            8
        }

        #[airlock::policy((Coalesce, AllowOnly(send)))]
        async fn dropped_later() -> u64 {
            9
        }

        #[test]
        fn none_is_called() {
            assert_eq!(number(), 7);
            assert!(RAN.load(Ordering::Relaxed), "the effect was not discarded");
            assert!(fails().is_err(), "the flush failed");
            assert_eq!((every_option(), dropped()), (7, 8));
            std::mem::drop((later(), dropped_later()));

            let (_, effects) = capture(|| {
                let _ = bare::enqueue(Bare(1));
                let _ = send::enqueue(1, String::new(), 2, 3);
            });
            assert_enqueued!(effects, bare(Bare(1)));
            assert_not_enqueued!(effects, local);
            assert_effects!(effects, [bare, send(1, String::new(), 2, 3)]);
            let _ = (airlock::tasks![bare, "send"], airlock::block_tasks![bare], airlock::allow_only![send]);
        }
    };
}

mod values {
    with_names!(by_value);
    everything!();
}

mod references {
    with_names!(by_reference);
    everything!();
}

mod mutable_references {
    with_names!(by_mutable_reference);
    everything!();
}

mod associated_functions {
    with_names!(functions);
    everything!();
}

mod constants {
    /// Constants of everything.
    #[allow(non_upper_case_globals, reason = "named like anything")]
    pub(crate) trait Constants {
        const CLONE: super::Mine = super::Mine;
        const DEBUG: super::Mine = super::Mine;
        const EQUAL: super::Mine = super::Mine;
        const HASH: super::Mine = super::Mine;
        const INFO: super::Mine = super::Mine;
        const NAME: super::Mine = super::Mine;
        const POOL: super::Mine = super::Mine;
        const TASKS: super::Mine = super::Mine;
        const TREE: super::Mine = super::Mine;
        const WIRE: super::Mine = super::Mine;
    }

    impl<T: ?Sized> Constants for T {}

    everything!();
}
