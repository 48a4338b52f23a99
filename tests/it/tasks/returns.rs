//! What a task may return.

use airlock::Intent;

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

type Alias = Result<(), Broken>;

macro_rules! returning {
    ($($name:ident -> $type:ty, $value:expr;)*) => {
        $(#[airlock::task]
        fn $name(fails: bool) -> $type {
            if fails { Err($value) } else { Ok(()) }
        })*
    };
}

returning! {
    str_error -> Result<(), &'static str>, "broken";
    string_error -> Result<(), String>, "broken".to_owned();
    own_error -> Result<(), Broken>, Broken;
    boxed_error -> Result<(), Box<dyn std::error::Error + Send + Sync>>, Broken.into();
    alias_error -> Alias, Broken;
}

#[test]
fn a_task_may_return_any_error_that_can_be_boxed() {
    let tasks: [fn(bool) -> Intent; 5] = [
        str_error::intent,
        string_error::intent,
        own_error::intent,
        boxed_error::intent,
        alias_error::intent,
    ];
    for task in tasks {
        airlock::scope().run(|| task(false).enqueue()).expect("flushed").expect("enqueued");
        let error = airlock::scope().run(|| task(true).enqueue()).expect_err("it fails");
        let (_, cause) = error.failures().next().expect("one failed");
        assert_eq!(cause.to_string(), "broken");
    }
    for direct in [
        str_error(true).is_err(),
        string_error(true).is_err(),
        own_error(true).is_err(),
        boxed_error(true).is_err(),
        alias_error(true).is_err(),
    ] {
        assert!(direct);
    }
}
