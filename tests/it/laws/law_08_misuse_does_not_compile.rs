//! Law 8: **Misuse does not compile** where a type can say so: flushing twice, flushing an open scope, adding
//! to a closed one, holding a sync scope across `.await`, an unknown task in a block list, a wrong argument.
//!
//! It is shown by `ui-tests/ui`: each case is a mistake, with the message that rustc gives.

use std::fs;
use std::path::Path;

/// Each mistake that the law names is a case whose message was recorded.
#[test]
fn every_misuse_that_the_law_names_has_its_message() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui-tests/ui");
    for (case, code) in [
        ("scope/flushed_twice", "[E0382]: use of moved value"),
        ("scope/flushed_and_discarded", "[E0382]: use of moved value"),
        ("scope/run_twice", "[E0382]: use of moved value"),
        ("scope/flushed_while_open", "[E0599]: no method named `flush`"),
        ("scope/added_to_when_sealed", "[E0599]: no method named `run`"),
        ("scope/await_in_sync_scope", "[E0728]: `await` is only allowed"),
        ("scope/async_block_in_sync_scope", "[E0277]"),
        ("block_tasks/unknown", "[E0425]: cannot find type `send_confirmation_emial`"),
        ("call/wrong_type", "[E0308]: mismatched types"),
    ] {
        let message = fs::read_to_string(cases.join(case).with_extension("stderr"));
        let message = message.unwrap_or_else(|error| panic!("{case}: {error}"));
        let expected = format!("error{code}");
        assert!(message.starts_with(&expected), "{case} is {expected}, not:\n{message}");
        assert!(cases.join(case).with_extension("rs").exists(), "{case}");
    }
}

/// Whether the type is `Clone`: the inherent constant hides that of the trait where it is.
macro_rules! is_clone {
    ($type:ty) => {{
        struct Probe<T>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "a type that is `Clone` has its own")]
        trait Otherwise {
            const IS_CLONE: bool = false;
        }
        impl<T> Otherwise for Probe<T> {}
        impl<T: Clone> Probe<T> {
            #[allow(dead_code, reason = "not every type is `Clone`")]
            const IS_CLONE: bool = true;
        }
        Probe::<$type>::IS_CLONE
    }};
}

/// What is used up when it ends can't be ended a second time through a copy. A handle ends nothing.
#[test]
fn what_can_end_once_cannot_be_copied() {
    let copied =
        [is_clone!(airlock::Scope), is_clone!(airlock::Sealed), is_clone!(airlock::Intent)];
    assert_eq!((copied, is_clone!(airlock::Handle)), ([false; 3], true));
}
