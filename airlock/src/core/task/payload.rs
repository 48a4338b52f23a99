//! A task with its arguments, its type forgotten: what an intent carries.
//!
//! The arguments are in a box that comes from the task's [pool](crate::core::task::pool), and goes back there.

use std::any::Any;
use std::hash::Hasher;
use std::mem::{self, ManuallyDrop, needs_drop};
use std::ops::{Deref, DerefMut};
use std::thread;

use serde_json::Value;

use crate::core::panics::shielded;
use crate::core::task::called::Called;
use crate::core::task::counted::Counted;
use crate::core::task::options::{self, Options};
use crate::core::task::pool::{Link, Pool};
use crate::core::task::states::States;
use crate::core::task::{Task, TaskInfo};
use crate::core::wait;

/// A call of a task of any type. Two words; when it is dropped, its box is used again.
pub(crate) struct Payload(Box<dyn ErasedCall>);

impl Payload {
    /// One that has no pool: few intents have options, or are taken out of their batch.
    pub(super) fn boxed(call: impl ErasedCall + 'static) -> Self {
        Self(Box::new(call))
    }
}

impl Deref for Payload {
    type Target = dyn ErasedCall;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl DerefMut for Payload {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.0
    }
}

impl Drop for Payload {
    #[inline]
    fn drop(&mut self) {
        // It has no size, so there is nothing to allocate.
        mem::replace(&mut self.0, Box::new(Gone)).recycle();
    }
}

/// Where a task is to run.
pub(crate) struct Here<'a> {
    pub(crate) states: &'a States,
    /// The executor's name, for its errors.
    pub(crate) executor: &'static str,
    /// Whether an async task is awaited, rather than waited for.
    pub(crate) is_async: bool,
}

/// What every payload can do.
pub(crate) trait ErasedCall: Send {
    fn task(&self) -> &'static TaskInfo;

    /// The tuple of arguments, unless they are spent.
    fn arguments(&self) -> Option<&dyn Any>;

    /// Drops the arguments, and lets the next call of the task have the box.
    fn recycle(self: Box<Self>);

    /// Runs the task on a copy of its arguments, so that a failure leaves them to be handed back.
    /// Arguments that can't be copied are spent.
    fn run(&mut self, here: &Here<'_>) -> Called;

    fn duplicate(&self) -> Option<Payload>;

    /// About how many bytes it takes besides its place in the intent.
    fn bytes(&self, counted: Counted) -> usize;

    fn equal(&self, other: &dyn ErasedCall) -> bool;

    /// Hashes the arguments, so that equal ones have one hash; `false` where the type of one offers nothing.
    fn hash(&self, state: &mut dyn Hasher) -> bool;

    /// Each argument for people, in the order of the parameters, secrets and all.
    fn shown(&self) -> Vec<Value>;

    /// The `Debug` text of an argument, where its type has one.
    fn debug(&self, index: usize) -> Option<String>;

    /// Whether an argument is equal to that of another call of the task; `None` where that can't be said.
    fn same(&self, other: &dyn ErasedCall, index: usize) -> Option<bool>;

    fn options(&self) -> &Options {
        &options::NONE
    }

    /// The options, where there is a place for them.
    fn options_mut(&mut self) -> Option<&mut Options> {
        None
    }
}

/// The arguments of `T`, as long as nothing has consumed them.
pub(crate) struct Call<T: Task> {
    arguments: Option<T::Arguments>,
    /// In a pool, the next box.
    pub(super) next: Link<T>,
}

impl<T: Task> Call<T> {
    #[inline]
    pub(super) fn new(arguments: T::Arguments) -> Self {
        Self { arguments: Some(arguments), next: ManuallyDrop::new(None) }
    }

    #[inline]
    pub(super) fn fill(&mut self, arguments: T::Arguments) {
        // There is nothing in it to drop, which the compiler does not see.
        mem::forget(self.arguments.replace(arguments));
    }

    pub(super) fn is_spent(&self) -> bool {
        self.arguments.is_none()
    }

    /// A call with these arguments.
    #[inline]
    pub(crate) fn pack(arguments: T::Arguments) -> Payload {
        Payload(Pool::fill(T::pool(), arguments))
    }

    /// About how many bytes the arguments take that [`limit_bytes`](crate::Scope::limit_bytes) counts: none, known to
    /// the compiler, where there are up to two words of them that own nothing.
    #[inline]
    pub(crate) fn bytes_of(arguments: &T::Arguments, counted: Counted) -> usize {
        let is_counted = || counted == Counted::All || !Self::has_users_bytes(arguments);
        match &T::info().wire {
            Some(wire) if needs_drop::<T::Arguments>() && is_counted() => {
                (wire.owned_bytes)(arguments) + Self::OWN_BYTES
            }
            _ => Self::OWN_BYTES,
        }
    }

    /// Those of them that need not be looked at.
    const OWN_BYTES: usize = {
        let size = size_of::<Option<T::Arguments>>();
        if size <= 24 { 0 } else { size }
    };

    /// Whether the user's code says how many the others are: not of texts and of what owns nothing.
    #[inline]
    pub(crate) fn has_users_bytes(arguments: &T::Arguments) -> bool {
        needs_drop::<T::Arguments>()
            && (0..T::abilities().len())
                .any(|index| !is_text_or_number(T::argument(arguments, index)))
    }
}

#[inline]
fn is_text_or_number(argument: &dyn Any) -> bool {
    argument.is::<String>() || is_number(argument)
}

/// Out of line, so that the compiler sees through what is asked of a text.
#[inline(never)]
fn is_number(argument: &dyn Any) -> bool {
    macro_rules! is_one_of {
        ($($number:ty)*) => { $(argument.is::<$number>())||* };
    }
    is_one_of!(u64 i64 u32 i32 bool u8 u16 u128 usize i8 i16 i128 isize f32 f64 char)
}

impl<T: Task> Call<T> {
    /// A copy: by `Clone`, or through JSON where that keeps them as they are.
    #[inline]
    fn copy(arguments: &T::Arguments) -> Option<T::Arguments> {
        T::duplicate(arguments).or_else(|| Self::copy_by_json(arguments))
    }

    #[cold]
    fn copy_by_json(arguments: &T::Arguments) -> Option<T::Arguments> {
        let mut copy = None;
        (T::info().wire.as_ref()?.copy)(arguments, &mut copy);
        copy
    }

    /// Runs the task on the arguments themselves, if it is sure to run.
    #[cold]
    fn run_once(&mut self, here: &Here<'_>) -> Called {
        if T::info().is_async()
            && !here.is_async
            && let Err(error) = wait::check()
        {
            return Called::done(Err(error.into()));
        }
        match self.arguments.take() {
            Some(arguments) => T::call(arguments, here.states),
            None => Called::spent(),
        }
    }
}

impl<T: Task> ErasedCall for Call<T> {
    #[inline]
    fn recycle(mut self: Box<Self>) {
        // The user's destructors may panic, or enqueue: by then the box is whole, and is not in use.
        let arguments = self.arguments.take();
        Pool::keep(T::pool(), self);
        if needs_drop::<T::Arguments>() && thread::panicking() {
            // Two panics at once would end the process: of a list of intents each may panic here.
            return shielded(|| drop(arguments));
        }
        drop(arguments);
    }

    #[inline]
    fn task(&self) -> &'static TaskInfo {
        T::info()
    }

    fn arguments(&self) -> Option<&dyn Any> {
        self.arguments.as_ref().map(|arguments| arguments as &dyn Any)
    }

    #[inline]
    fn run(&mut self, here: &Here<'_>) -> Called {
        match self.arguments.as_ref().and_then(Self::copy) {
            Some(copy) => T::call(copy, here.states),
            None => self.run_once(here),
        }
    }

    fn duplicate(&self) -> Option<Payload> {
        let copy = self.arguments.as_ref().and_then(Self::copy)?;
        Some(Self::pack(copy))
    }

    fn bytes(&self, counted: Counted) -> usize {
        self.arguments.as_ref().map_or(0, |arguments| Self::bytes_of(arguments, counted))
    }

    fn equal(&self, other: &dyn ErasedCall) -> bool {
        let theirs = other.arguments().and_then(<dyn Any>::downcast_ref::<T::Arguments>);
        let (Some(ours), Some(theirs)) = (&self.arguments, theirs) else { return false };
        let mut abilities = T::abilities().iter().enumerate();
        abilities.all(|(index, ability)| {
            ability.same(T::argument(ours, index), T::argument(theirs, index)).unwrap_or(false)
        })
    }

    fn hash(&self, state: &mut dyn Hasher) -> bool {
        let Some(arguments) = &self.arguments else { return false };
        let mut abilities = T::abilities().iter().enumerate();
        abilities.all(|(index, ability)| ability.hash(T::argument(arguments, index), state))
    }

    fn shown(&self) -> Vec<Value> {
        let Some(arguments) = &self.arguments else { return Vec::new() };
        let debug = |index: usize| T::abilities()[index].debug(T::argument(arguments, index));
        let Some(wire) = &T::info().wire else {
            let indices = 0..T::abilities().len();
            return indices
                .map(|index| debug(index).unwrap_or_else(|| "…".into()).into())
                .collect();
        };
        let unwritten = |index| debug(index).unwrap_or_else(|| "[has no JSON]".into()).into();
        let shown = (wire.shown)(arguments).into_iter().enumerate();
        shown.map(|(index, value)| value.unwrap_or_else(|| unwritten(index))).collect()
    }

    fn debug(&self, index: usize) -> Option<String> {
        T::abilities()[index].debug(T::argument(self.arguments.as_ref()?, index))
    }

    fn same(&self, other: &dyn ErasedCall, index: usize) -> Option<bool> {
        let theirs = other.arguments().and_then(<dyn Any>::downcast_ref::<T::Arguments>)?;
        T::abilities()[index]
            .same(T::argument(self.arguments.as_ref()?, index), T::argument(theirs, index))
    }
}

/// What is left of a payload whose box is used again; nothing is ever asked of it.
struct Gone;

impl ErasedCall for Gone {
    fn recycle(self: Box<Self>) {}

    fn task(&self) -> &'static TaskInfo {
        unreachable!("it is there while the payload is dropped")
    }

    fn arguments(&self) -> Option<&dyn Any> {
        None
    }

    fn run(&mut self, _: &Here<'_>) -> Called {
        Called::spent()
    }

    fn duplicate(&self) -> Option<Payload> {
        None
    }

    fn bytes(&self, _: Counted) -> usize {
        0
    }

    fn equal(&self, _: &dyn ErasedCall) -> bool {
        false
    }

    fn hash(&self, _: &mut dyn Hasher) -> bool {
        false
    }

    fn shown(&self) -> Vec<Value> {
        Vec::new()
    }

    fn debug(&self, _: usize) -> Option<String> {
        None
    }

    fn same(&self, _: &dyn ErasedCall, _: usize) -> Option<bool> {
        None
    }
}
