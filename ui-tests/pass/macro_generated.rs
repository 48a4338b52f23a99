//! Tasks, lists of tasks and scopes that a macro of the user's writes.

use airlock::{TaskInfo, TaskSet};

macro_rules! tasks {
    ($($(#[$attribute:meta])* $visibility:vis $name:ident($($argument:ident: $type:ty),*) $(-> $return:ty)? $body:block)*) => {
        $(
            $(#[$attribute])*
            #[airlock::task]
            $visibility fn $name($($argument: $type),*) $(-> $return)? $body
        )*

        fn all() -> TaskSet {
            airlock::tasks![$($name),*]
        }
    };
}

tasks! {
    /// Sends the receipt.
    send_receipt(order_id: u64, address: Option<String>) {
        let _ = (order_id, address);
    }

    pub(crate) notify() -> Result<(), std::fmt::Error> {
        Ok(())
    }
}

macro_rules! state {
    ($name:ident, $state:ty, $argument:ty) => {
        #[airlock::task(local)]
        async fn $name(#[state] state: &$state, #[secret] argument: $argument) {
            let _ = (state, argument);
        }
    };
}

state!(with_state, Vec<u8>, std::time::Instant);

macro_rules! only {
    ($task:path, $name:ident, $result:ty, $policy:expr) => {
        #[airlock::scoped(policy = (AllowOnly($task), $policy))]
        fn $name() -> $result {
            Ok(send_receipt::enqueue(42, None)?)
        }
    };
}

only!(self::notify, dropped, Result<(), Box<dyn std::error::Error>>, airlock::Coalesce);

#[test]
fn they_are_as_if_written() {
    let names: Vec<_> = all().iter().map(TaskInfo::name).collect();
    assert_eq!(names, ["pass::macro_generated::notify", "pass::macro_generated::send_receipt"]);
    let text = send_receipt::intent(42, None).to_string();
    assert_eq!(text, "pass::macro_generated::send_receipt(order_id: 42, address: null)");
    let text = with_state::intent(std::time::Instant::now()).to_string();
    assert_eq!(text, "pass::macro_generated::with_state(argument: [secret])");
    dropped().expect("nothing is left to fail");
}
