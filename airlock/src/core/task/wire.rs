//! How a task's arguments go to JSON and back: one object, keyed by parameter name.

use std::any::Any;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::core::task::arguments::Arguments;
use crate::core::task::decode_error::DecodeError;
use crate::core::task::payload::{Call, Payload};
use crate::core::task::{Parameter, Task};

/// How the arguments of one task go to JSON and back, without their type.
pub struct Wire {
    pub(crate) encode: fn(&dyn Any) -> Result<Box<RawValue>, serde_json::Error>,
    pub(crate) shown: fn(&dyn Any) -> Vec<Option<Value>>,
    pub(crate) owned_bytes: fn(&dyn Any) -> usize,
    pub(crate) decode: fn(&str) -> Result<Payload, DecodeError>,
}

impl Wire {
    pub(crate) const fn of<T: Task>() -> Self
    where
        T::Arguments: Arguments,
    {
        Self {
            encode: encode::<T>,
            shown: shown::<T>,
            owned_bytes: owned_bytes::<T>,
            decode: decode::<T>,
        }
    }
}

fn encode<T: Task>(arguments: &dyn Any) -> Result<Box<RawValue>, serde_json::Error>
where
    T::Arguments: Arguments,
{
    let Some(arguments) = arguments.downcast_ref::<T::Arguments>() else {
        unreachable!("a task's payload holds that task's arguments")
    };
    to_raw_value(&Named { arguments, names: T::info().parameters() })
}

/// Arguments with their parameters' names.
struct Named<'a, A> {
    arguments: &'a A,
    names: &'a [Parameter],
}

impl<A: Arguments> Serialize for Named<'_, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.arguments.encode(self.names, &mut map)?;
        map.end()
    }
}

fn shown<T: Task>(arguments: &dyn Any) -> Vec<Option<Value>>
where
    T::Arguments: Arguments,
{
    arguments.downcast_ref::<T::Arguments>().map(Arguments::shown).unwrap_or_default()
}

fn owned_bytes<T: Task>(arguments: &dyn Any) -> usize
where
    T::Arguments: Arguments,
{
    arguments.downcast_ref::<T::Arguments>().map_or(0, Arguments::owned_bytes)
}

fn decode<T: Task>(json: &str) -> Result<Payload, DecodeError>
where
    T::Arguments: Arguments,
{
    let mut failure = None;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let reader = Reader::<T> { failure: &mut failure, task: std::marker::PhantomData };
    let read = deserializer.deserialize_map(reader);
    match read.and_then(|arguments| deserializer.end().map(|()| arguments)) {
        Ok(arguments) => Ok(Call::<T>::pack(arguments)),
        Err(error) => Err(failure.unwrap_or_else(|| DecodeError::malformed(T::info(), &error))),
    }
}

struct Reader<'a, T> {
    failure: &'a mut Option<DecodeError>,
    task: std::marker::PhantomData<T>,
}

impl<'de, T: Task> Visitor<'de> for Reader<'_, T>
where
    T::Arguments: Arguments,
{
    type Value = T::Arguments;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the arguments of `{}`", T::NAME)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Self::Value, M::Error> {
        T::Arguments::decode(T::info(), map, T::default_argument, self.failure)
    }
}
