//! A task with its arguments, its type forgotten: what an intent carries.
//!
//! Small arguments live inside the intent and need no allocation; larger ones are boxed.

use std::any::Any;
use std::mem::{MaybeUninit, needs_drop};

use serde_json::Value;
use stack_dst::Value as Inline;

use crate::core::task::called::Called;
use crate::core::task::options::{self, Options};
use crate::core::task::states::States;
use crate::core::task::{Task, TaskInfo};
use crate::core::wait;

/// Three words of arguments and one for the vtable. Sixteen bytes of arguments fit with the tag
/// that says whether they are still there.
type Space = [MaybeUninit<u64>; 4];

pub(crate) type Payload = Inline<dyn ErasedCall, Space>;

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

    /// Runs the task on a copy of its arguments, so that a failure leaves them to be handed back.
    /// Arguments that can't be copied are spent.
    fn run(&mut self, here: &Here<'_>) -> Called;

    fn duplicate(&self) -> Option<Payload>;

    /// About how many bytes it takes besides its place in the intent.
    fn bytes(&self) -> usize;

    fn equal(&self, other: &dyn ErasedCall) -> bool;

    /// Each argument for people, in the order of the parameters, secrets and all.
    fn shown(&self) -> Vec<Value>;

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
}

impl<T: Task> Call<T> {
    #[inline]
    pub(crate) fn new(arguments: T::Arguments) -> Self {
        Self { arguments: Some(arguments) }
    }

    /// Whether the arguments have room in the intent.
    const FITS: bool = size_of::<Self>() <= 24 && align_of::<Self>() <= 8;

    #[inline]
    pub(crate) fn pack(self) -> Payload {
        if Self::FITS { pack(self) } else { pack(Box::new(self)) }
    }

    /// About how many bytes the arguments take besides their place in the intent: none, known to the
    /// compiler, where they fit and own nothing.
    #[inline]
    pub(crate) fn bytes_of(arguments: &T::Arguments) -> usize {
        let boxed = if Self::FITS { 0 } else { size_of::<Self>() };
        match &T::info().wire {
            Some(wire) if needs_drop::<T::Arguments>() => (wire.owned_bytes)(arguments) + boxed,
            _ => boxed,
        }
    }
}

#[inline]
pub(super) fn pack<C: ErasedCall + 'static>(carried: C) -> Payload {
    let inline =
        Inline::in_buffer_stable([MaybeUninit::uninit(); 4], carried, |carried| carried as _);
    let Ok(payload) = inline else { unreachable!("its size was compared with the space") };
    payload
}

impl<T: Task> Call<T> {
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
    fn task(&self) -> &'static TaskInfo {
        T::info()
    }

    fn arguments(&self) -> Option<&dyn Any> {
        self.arguments.as_ref().map(|arguments| arguments as &dyn Any)
    }

    #[inline]
    fn run(&mut self, here: &Here<'_>) -> Called {
        match self.arguments.as_ref().and_then(T::duplicate) {
            Some(copy) => T::call(copy, here.states),
            None => self.run_once(here),
        }
    }

    fn duplicate(&self) -> Option<Payload> {
        let copy = self.arguments.as_ref().and_then(T::duplicate)?;
        Some(Self::new(copy).pack())
    }

    fn bytes(&self) -> usize {
        self.arguments.as_ref().map_or(0, Self::bytes_of)
    }

    fn equal(&self, other: &dyn ErasedCall) -> bool {
        let theirs = other.arguments().and_then(<dyn Any>::downcast_ref::<T::Arguments>);
        let (Some(ours), Some(theirs)) = (&self.arguments, theirs) else { return false };
        match &T::info().wire {
            None => T::equal(ours, theirs).unwrap_or(false),
            // As values, for the text of a map depends on its order. What has no JSON is like nothing.
            Some(wire) => {
                let (ours, theirs) = ((wire.shown)(ours), (wire.shown)(theirs));
                ours.iter().all(Option::is_some) && ours == theirs
            }
        }
    }

    fn shown(&self) -> Vec<Value> {
        let Some(arguments) = &self.arguments else { return Vec::new() };
        match &T::info().wire {
            Some(wire) => (wire.shown)(arguments)
                .into_iter()
                .map(|value| value.unwrap_or_else(|| Value::from("[has no JSON]")))
                .collect(),
            None => T::shown(arguments).into_iter().map(Value::from).collect(),
        }
    }
}

impl<C: ErasedCall + ?Sized> ErasedCall for Box<C> {
    fn task(&self) -> &'static TaskInfo {
        (**self).task()
    }

    fn arguments(&self) -> Option<&dyn Any> {
        (**self).arguments()
    }

    fn run(&mut self, here: &Here<'_>) -> Called {
        (**self).run(here)
    }

    fn duplicate(&self) -> Option<Payload> {
        (**self).duplicate()
    }

    fn bytes(&self) -> usize {
        (**self).bytes()
    }

    fn equal(&self, other: &dyn ErasedCall) -> bool {
        (**self).equal(other)
    }

    fn shown(&self) -> Vec<Value> {
        (**self).shown()
    }

    fn options(&self) -> &Options {
        (**self).options()
    }

    fn options_mut(&mut self) -> Option<&mut Options> {
        (**self).options_mut()
    }
}
