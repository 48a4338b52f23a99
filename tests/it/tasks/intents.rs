//! An intent: where it comes from, how large it is, and its copies.

use airlock::Intent;

use super::{full, plain};

#[test]
fn the_origin_is_where_the_call_was_written() {
    #[track_caller]
    fn helper() -> Intent {
        plain::intent(1, 2)
    }
    let line = line!() + 1;
    let (direct, through) = (plain::intent(1, 2), helper());
    assert_eq!((direct.origin().file(), direct.origin().line()), (file!(), line));
    assert_eq!(through.origin().line(), line, "a helper may pass its caller on");
    let line = line!() + 1;
    let (_, sealed) = airlock::scope().seal(|| plain::enqueue(1, 2));
    assert_eq!(sealed.intents().next().expect("one").origin().line(), line);
    sealed.discard();
}

#[test]
fn an_intent_is_small_can_be_sent_and_copied() {
    fn can_be_sent<T: Send + 'static>(_: &T) {}
    assert!(size_of::<Intent>() <= 64);
    let intent = plain::intent(1, 2).queue("bulk");
    can_be_sent(&intent);
    let copy = intent.duplicate().expect("its arguments are `Clone`");
    assert_eq!(format!("{copy:?}"), format!("{intent:?}"));
    assert_eq!(copy.options(), intent.options());
    assert_eq!(copy.origin(), intent.origin());
    assert_eq!(intent.arguments_of::<plain>(), Some(&(1, 2)));
    assert_eq!(intent.arguments_of::<full>(), None);
}
