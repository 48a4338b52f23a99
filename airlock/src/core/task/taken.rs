//! What an executor leaves behind that has taken an intent.

use std::any::Any;
use std::hash::Hasher;

use serde_json::Value;

use crate::core::task::TaskInfo;
use crate::core::task::called::Called;
use crate::core::task::counted::Counted;
use crate::core::task::options::Options;
use crate::core::task::payload::{ErasedCall, Here, Payload};

/// What stays in a batch where an executor has taken the intent out: enough for the report.
pub(crate) struct Taken {
    pub(crate) task: &'static TaskInfo,
    pub(crate) shown: Vec<Value>,
    pub(crate) options: Options,
}

impl Taken {
    pub(crate) fn pack(self) -> Payload {
        Payload::boxed(self)
    }
}

impl ErasedCall for Taken {
    fn task(&self) -> &'static TaskInfo {
        self.task
    }

    fn recycle(self: Box<Self>) {}

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
        size_of::<Self>()
    }

    fn equal(&self, _: &dyn ErasedCall) -> bool {
        false
    }

    fn hash(&self, _: &mut dyn Hasher) -> bool {
        false
    }

    fn shown(&self) -> Vec<Value> {
        self.shown.clone()
    }

    fn debug(&self, _: usize) -> Option<String> {
        None
    }

    fn same(&self, _: &dyn ErasedCall, _: usize) -> Option<bool> {
        None
    }

    fn options(&self) -> &Options {
        &self.options
    }
}
