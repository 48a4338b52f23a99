//! Boxes that the calls of a task use again.
//!
//! An intent holds its arguments in a box, whatever their type: it stays small, and is moved without them. Most
//! intents live as long as a scope, so a thread keeps the boxes of those that are gone for the next ones of
//! their task: once warm, enqueuing allocates nothing.
//!
//! Of 1,000 intents of one `u64`, a box from the heap took 15.8 ns each, one from here 7.3, and arguments inside the
//! intent 5.0. That last needs unsafe code for a value of any type, ours or a dependency's, makes each intent 16
//! bytes larger, and boxes what does not fit all the same: structs took 28.2 ns there, and 20.7 here.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::thread::LocalKey;

use crate::core::task::Task;
use crate::core::task::payload::Call;

/// How many boxes a thread keeps of one task, where they are small: as many as there are intents in the largest
/// buffer that it keeps.
const MOST: usize = 1024;

/// How many bytes they take at most together.
const MOST_BYTES: usize = 40 * 1024;

/// The empty boxes that a thread keeps of one task, a list of which each box holds the next.
///
/// A box is kept by the thread that its intent ends on. What is above the bound goes back to the heap, and so does
/// everything when the thread ends.
pub struct Pool<T: Task> {
    first: Cell<Link<T>>,
    /// How many more are kept. None before the first, and none when the thread ends.
    room: Cell<usize>,
    opened: Cell<bool>,
}

/// Not dropped by itself: [`Pool::close`] drops one box after another, for a list may be longer than a stack is deep.
/// So the thread-local has no destructor either, of which each use would have to find out whether it has run.
pub(super) type Link<T> = ManuallyDrop<Option<Box<Call<T>>>>;

thread_local! {
    static ON_EXIT: OnExit = const { OnExit { close: RefCell::new(Vec::new()) } };
}

/// What closes the pools of a thread that has opened any.
struct OnExit {
    close: RefCell<Vec<fn()>>,
}

impl Drop for OnExit {
    fn drop(&mut self) {
        self.close.get_mut().iter().for_each(|close| close());
    }
}

impl<T: Task> Pool<T> {
    /// How many are kept. Of boxes that are larger than the bound none is.
    const MOST: usize = {
        let fit = MOST_BYTES / size_of::<Call<T>>();
        if fit < MOST { fit } else { MOST }
    };

    /// An empty one.
    #[expect(clippy::new_without_default, reason = "it is made in a constant")]
    pub const fn new() -> Self {
        Self {
            first: Cell::new(ManuallyDrop::new(None)),
            room: Cell::new(0),
            opened: Cell::new(false),
        }
    }

    /// A box with these arguments.
    #[inline]
    #[expect(clippy::unnecessary_box_returns, reason = "the box is what is used again")]
    pub(super) fn fill(pool: &'static LocalKey<Self>, arguments: T::Arguments) -> Box<Call<T>> {
        match pool.try_with(Self::take) {
            Ok(Some(mut call)) => {
                call.fill(arguments);
                call
            }
            _ => Box::new(Call::new(arguments)),
        }
    }

    /// Keeps an empty box where there is room.
    #[inline]
    pub(super) fn keep(pool: &'static LocalKey<Self>, call: Box<Call<T>>) {
        debug_assert!(call.is_spent(), "what is in it is the user's, and may use the pool itself");
        if let Ok(Err(call)) = pool.try_with(|pool| pool.put(call)) {
            keep_if_new(pool, call);
        }
    }

    #[inline]
    fn take(&self) -> Option<Box<Call<T>>> {
        let mut call = ManuallyDrop::into_inner(self.first.replace(ManuallyDrop::new(None)))?;
        self.first.set(std::mem::replace(&mut call.next, ManuallyDrop::new(None)));
        self.room.set(self.room.get() + 1);
        Some(call)
    }

    /// Gives it back where there is no room.
    #[inline]
    fn put(&self, mut call: Box<Call<T>>) -> Result<(), Box<Call<T>>> {
        let Some(room) = self.room.get().checked_sub(1) else { return Err(call) };
        self.room.set(room);
        call.next = self.first.replace(ManuallyDrop::new(None));
        self.first.set(ManuallyDrop::new(Some(call)));
        Ok(())
    }

    /// Makes room where there has been none yet, unless the thread is ending.
    fn open(&self) {
        let close = || T::pool().try_with(Self::close).unwrap_or_default();
        let opened = ON_EXIT.try_with(|on_exit| on_exit.close.borrow_mut().push(close));
        self.opened.set(true);
        self.room.set(if opened.is_ok() { Self::MOST } else { 0 });
    }

    /// Lets go of all boxes, and keeps no more.
    fn close(&self) {
        while let Some(call) = self.take() {
            drop(call);
        }
        self.room.set(0);
    }
}

#[cold]
#[inline(never)]
fn keep_if_new<T: Task>(pool: &'static LocalKey<Pool<T>>, call: Box<Call<T>>) {
    let _ = pool.try_with(|pool| {
        if !pool.opened.get() {
            pool.open();
            let _ = pool.put(call);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::any::Any;
    use std::thread::spawn;

    use super::*;
    use crate::core::task::called::Called;
    use crate::core::task::states::States;
    use crate::core::task::values::abilities::Abilities;
    use crate::core::task::{Definition, Parameter, Place, TaskInfo};

    struct Mail;

    static INFO: TaskInfo = Definition::of::<Mail>(
        Place::new(file!(), line!(), column!()),
        &[Parameter::new("to", "String")],
    )
    .info();

    impl Task for Mail {
        const NAME: &'static str = "mail";
        type Arguments = (String,);

        fn info() -> &'static TaskInfo {
            &INFO
        }

        fn call(_: (String,), _: &States) -> Called {
            Called::done(Ok(()))
        }

        fn pool() -> &'static LocalKey<Pool<Self>> {
            thread_local! {
                static POOL: Pool<Mail> = const { Pool::new() };
            }
            &POOL
        }

        fn duplicate(arguments: &(String,)) -> Option<(String,)> {
            Some(arguments.clone())
        }

        fn abilities() -> &'static [Abilities] {
            const { &[Abilities { equal: None, hash: None, debug: None, tree: None, schema: None }] }
        }

        fn argument(arguments: &(String,), _: usize) -> &dyn Any {
            &arguments.0
        }
    }

    fn some(calls: usize) -> Vec<crate::core::task::payload::Payload> {
        (0..calls).map(|_| Call::<Mail>::pack((String::new(),))).collect()
    }

    fn kept() -> usize {
        Mail::pool().with(|pool| {
            let mut calls = Vec::new();
            calls.extend(std::iter::from_fn(|| pool.take()));
            let kept = calls.len();
            for call in calls {
                assert!(pool.put(call).is_ok());
            }
            kept
        })
    }

    /// On a thread of its own: the tests' may be used again.
    fn on_a_thread(test: fn()) {
        spawn(test).join().expect("nothing panics");
    }

    #[test]
    fn what_has_ended_is_used_again() {
        on_a_thread(|| {
            let three = some(3);
            assert_eq!(kept(), 0);
            drop(three);
            assert_eq!(kept(), 3);
            let two = some(2);
            assert_eq!(kept(), 1);
            drop(two);
            assert_eq!(kept(), 3);
        });
    }

    #[test]
    fn no_more_is_kept_than_the_bound() {
        on_a_thread(|| {
            drop(some(5_000));
            assert_eq!(kept(), MOST.min(MOST_BYTES / size_of::<Call<Mail>>()));
        });
    }

    #[test]
    fn a_thread_that_ends_lets_go_of_all_and_keeps_no_more() {
        on_a_thread(|| {
            // Deeper than a stack would be, if each dropped the next.
            drop(some(1_024));
            let late = some(10);
            ON_EXIT.with(|on_exit| on_exit.close.take().into_iter().for_each(|close| close()));
            assert_eq!(kept(), 0);
            drop(late);
            assert_eq!(kept(), 0);
            drop(some(1));
            assert_eq!(kept(), 0);
        });
    }
}
