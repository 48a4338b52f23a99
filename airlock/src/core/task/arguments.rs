//! How a task's arguments go to JSON and back: one object, keyed by parameter name.

use std::any::Any;
use std::fmt;
use std::mem::needs_drop;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::core::task::bytes;
use crate::core::task::decode_error::DecodeError;
use crate::core::task::payload::{Call, Payload};
use crate::core::task::{Parameter, Task, TaskInfo};

/// What a task's argument must be: serialisable both ways and owned.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a task",
    label = "has to go to JSON and back",
    note = "an argument is owned, and implements serde's `Serialize` and `Deserialize` with all that is in it: derive them, pass an id instead, or write `#[airlock::task(local)]` for a task that runs in this process only"
)]
pub trait Argument: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Argument for T {}

/// A tuple of arguments.
pub trait Arguments: Sized {
    /// Writes each argument under its parameter's name.
    ///
    /// # Errors
    ///
    /// The serializer's.
    fn encode<M: SerializeMap>(&self, names: &[Parameter], map: &mut M) -> Result<(), M::Error>;

    /// Each argument as JSON, for people; `None` where it has no JSON.
    fn shown(&self) -> Vec<Option<Value>>;

    /// About how many bytes the arguments own elsewhere than in the tuple.
    fn owned_bytes(&self) -> usize;

    /// Reads each argument from under its parameter's name; one that is not there is what `default`
    /// gives for its index.
    ///
    /// # Errors
    ///
    /// The deserializer's; `failure` says more.
    fn decode<'de, M: MapAccess<'de>>(
        task: &'static TaskInfo,
        map: M,
        default: fn(usize) -> Option<Box<dyn Any>>,
        failure: &mut Option<DecodeError>,
    ) -> Result<Self, M::Error>;
}

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
        Ok(arguments) => Ok(Call::<T>::new(arguments).pack()),
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

/// Reads one argument, and notes for which parameter that failed.
struct Field<'a, T> {
    task: &'static TaskInfo,
    parameter: Parameter,
    failure: &'a mut Option<DecodeError>,
    value: std::marker::PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Field<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer).inspect_err(|error| {
            *self.failure = Some(DecodeError::mistyped(self.task, self.parameter, error));
        })
    }
}

/// What an absent argument is read from: an `Option` is `None`, as it is in serde's own structs.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("absent"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Numbers of 128 bits have JSON that a `Value` can't hold.
///
/// The keys are sorted, so that equal arguments are shown alike. Whether they are by themselves is a feature of
/// `serde_json`, which any crate may turn on.
fn shown_argument<T: Serialize>(argument: &T) -> Option<Value> {
    let mut value = serde_json::to_value(argument).ok();
    value.iter_mut().for_each(Value::sort_all_objects);
    value.or_else(|| serde_json::to_string(argument).ok().map(Value::from))
}

/// What has nothing to drop owns nothing, and need not be looked at.
fn owned_by<T: Serialize>(argument: &T) -> usize {
    if needs_drop::<T>() { bytes::of(argument) } else { 0 }
}

fn required<T: DeserializeOwned + 'static, E: serde::de::Error>(
    argument: Option<T>,
    default: impl FnOnce() -> Option<Box<dyn Any>>,
    task: &'static TaskInfo,
    parameter: Parameter,
    failure: &mut Option<DecodeError>,
) -> Result<T, E> {
    if let Some(argument) = argument {
        return Ok(argument);
    }
    if let Some(default) = default() {
        let Ok(default) = default.downcast() else {
            unreachable!("an argument's default is of the argument's type")
        };
        return Ok(*default);
    }
    T::deserialize(Absent).map_err(|_| {
        *failure = Some(DecodeError::missing(task, parameter));
        E::custom("missing argument")
    })
}

macro_rules! tuples {
    ($($name:ident $index:tt)*) => {
        #[allow(
            non_snake_case, unused_mut, unused_variables, clippy::unused_self,
            reason = "one text serves every length, the empty tuple's included"
        )]
        impl<$($name: Argument + 'static,)*> Arguments for ($($name,)*) {
            fn encode<Map: SerializeMap>(
                &self,
                names: &[Parameter],
                map: &mut Map,
            ) -> Result<(), Map::Error> {
                $(map.serialize_entry(names[$index].name(), &self.$index)?;)*
                Ok(())
            }

            fn shown(&self) -> Vec<Option<Value>> {
                vec![$(shown_argument(&self.$index)),*]
            }

            fn owned_bytes(&self) -> usize {
                0_usize $(.saturating_add(owned_by(&self.$index)))*
            }

            fn decode<'de, Map: MapAccess<'de>>(
                task: &'static TaskInfo,
                mut map: Map,
                default: fn(usize) -> Option<Box<dyn Any>>,
                failure: &mut Option<DecodeError>,
            ) -> Result<Self, Map::Error> {
                let names = task.parameters();
                $(let mut $name: Option<$name> = None;)*
                while let Some(key) = map.next_key::<String>()? {
                    let position = names.iter().position(|parameter| parameter.name() == key);
                    match position {
                        $(Some($index) => {
                            if $name.is_some() {
                                *failure = Some(DecodeError::repeated(task, names[$index]));
                                return Err(Map::Error::custom("repeated argument"));
                            }
                            let field = Field {
                                task,
                                parameter: names[$index],
                                failure,
                                value: std::marker::PhantomData,
                            };
                            $name = Some(map.next_value_seed(field)?);
                        })*
                        _ if task.removed().contains(&&*key) => {
                            map.next_value::<IgnoredAny>()?;
                        }
                        _ => {
                            *failure = Some(DecodeError::surplus(task, key));
                            return Err(Map::Error::custom("surplus argument"));
                        }
                    }
                }
                Ok(($({
                    let default = || default($index);
                    required::<$name, Map::Error>($name, default, task, names[$index], failure)?
                },)*))
            }
        }
    };
}

tuples!();
tuples!(A 0);
tuples!(A 0 B 1);
tuples!(A 0 B 1 C 2);
tuples!(A 0 B 1 C 2 D 3);
tuples!(A 0 B 1 C 2 D 3 E 4);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);
