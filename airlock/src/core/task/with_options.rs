//! An intent's call with options.

use std::any::Any;
use std::hash::Hasher;

use serde_json::Value;

use crate::core::task::TaskInfo;
use crate::core::task::called::Called;
use crate::core::task::counted::Counted;
use crate::core::task::options::Options;
use crate::core::task::payload::{ErasedCall, Here, Payload};

/// A payload with options. Few intents have any, so an intent has no place of its own for them.
pub(crate) struct WithOptions {
    pub(crate) payload: Payload,
    pub(crate) options: Options,
}

impl WithOptions {
    pub(crate) fn pack(self) -> Payload {
        Payload::boxed(self)
    }
}

impl ErasedCall for WithOptions {
    fn task(&self) -> &'static TaskInfo {
        self.payload.task()
    }

    fn recycle(self: Box<Self>) {}

    fn arguments(&self) -> Option<&dyn Any> {
        self.payload.arguments()
    }

    fn run(&mut self, here: &Here<'_>) -> Called {
        match self.options.check_immediate(here.executor) {
            Ok(()) => self.payload.run(here),
            Err(error) => Called::done(Err(error.into())),
        }
    }

    fn duplicate(&self) -> Option<Payload> {
        let (payload, options) = (self.payload.duplicate()?, self.options.clone());
        Some(Self { payload, options }.pack())
    }

    fn bytes(&self, counted: Counted) -> usize {
        self.payload.bytes(counted) + size_of::<Self>()
    }

    fn equal(&self, other: &dyn ErasedCall) -> bool {
        self.payload.equal(other)
    }

    fn hash(&self, state: &mut dyn Hasher) -> bool {
        self.payload.hash(state)
    }

    fn shown(&self) -> Vec<Value> {
        self.payload.shown()
    }

    fn debug(&self, index: usize) -> Option<String> {
        self.payload.debug(index)
    }

    fn same(&self, other: &dyn ErasedCall, index: usize) -> Option<bool> {
        self.payload.same(other, index)
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn options_mut(&mut self) -> Option<&mut Options> {
        Some(&mut self.options)
    }
}
