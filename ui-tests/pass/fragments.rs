//! Options whose values are fragments of a macro of the user's: each kind of fragment that can stand there.

use airlock::Task as _;

macro_rules! tasks {
    ($(
        $(#[$attribute:meta])* $function:ident: $name:literal, $queue:expr, $attempts:literal, $removed:literal,
        $crate_path:path, $state:ty, $argument:pat, $type:ty, $default:expr, $body:block
    )*) => {$(
        $(#[$attribute])*
        #[airlock::task(
            name = $name,
            queue = $queue,
            max_attempts = $attempts,
            removed = [$removed, ("parenthesised")],
            crate = $crate_path
        )]
        fn $function(#[state] state: &$state, #[default($default)] $argument: $type) {
            let _ = state;
            $body
        }
    )*};
}

tasks! {
    /// Documented.
    notify: "fragments.notify", "emails", 3, "note", airlock, Vec<u8>, _order_id, u64, 7, {}
}

macro_rules! whole {
    ($item:item) => {
        #[airlock::task(name = "fragments.whole")]
        $item
    };
}

whole! {
    pub(crate) async fn whole(order_id: u64) -> Result<(), std::fmt::Error> {
        let _ = order_id;
        Ok(())
    }
}

macro_rules! scopes {
    ($by_path:ident, $by_expr:ident, $by_literal:ident, $path:path, $expr:expr, $name:literal, $policy:path, $task:path, $handler:path, $limit:literal) => {
        #[airlock::scoped(on_failure = $path, policy = $policy($task), named = $name)]
        fn $by_path() -> Result<(), airlock::FlushError> {
            Ok(())
        }

        #[airlock::scoped(on_failure = $expr, policy = ($policy($task).refuse()), limit = $limit)]
        fn $by_expr() -> Result<(), airlock::FlushError> {
            Ok(())
        }

        #[airlock::scoped(on_failure = ($expr), on_flush_error = $handler)]
        fn $by_literal() {}
    };
}

fn forget(error: airlock::FlushError) {
    drop(error.into_intents());
}

scopes!(
    by_path,
    by_expr,
    by_literal,
    Continue,
    Stop,
    "checkout",
    BlockTasks,
    self::whole,
    forget,
    3
);
scopes!(
    by_full_path,
    by_full_expr,
    by_full_literal,
    airlock::OnFailure::Continue,
    airlock::OnFailure::Stop,
    "checkout",
    AllowOnly,
    whole,
    self::forget,
    3
);

macro_rules! policies {
    ($function:ident, $policy:expr, $crate_path:path) => {
        #[airlock::policy($policy, crate = $crate_path)]
        fn $function() -> bool {
            true
        }
    };
}

policies!(dropped, DropAll, airlock);
policies!(listed, (DropAll, [BlockTasks("self::whole")]), ::airlock);

macro_rules! sets {
    ($path:path, $ident:ident, $type:ty, $expr:expr, $literal:literal) => {
        [
            airlock::tasks![$path],
            airlock::tasks![$ident],
            airlock::tasks![$type],
            airlock::tasks![$expr],
            airlock::tasks![$literal],
            airlock::tasks![($path)],
        ]
    };
}

#[test]
fn they_are_as_if_written() {
    assert_eq!(notify::NAME, "fragments.notify");
    assert_eq!((notify::info().queue(), notify::info().max_attempts()), (Some("emails"), Some(3)));
    by_path().and(by_expr()).and(by_full_path()).and(by_full_expr()).expect("nothing to flush");
    by_literal();
    by_full_literal();
    assert!(dropped() && listed());
    for set in sets!(self::whole, whole, whole, whole, "whole") {
        assert_eq!(
            set.iter().map(airlock::TaskInfo::name).collect::<Vec<_>>(),
            ["fragments.whole"]
        );
    }
}
