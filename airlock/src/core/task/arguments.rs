//! What a task's arguments can do: each goes to JSON and back under its parameter's name.

use std::any::Any;
use std::cell::Cell;
use std::mem::needs_drop;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::core::panics::catch;
use crate::core::task::bytes;
use crate::core::task::decode_error::DecodeError;
use crate::core::task::parameter::WrittenDefault;
use crate::core::task::{Parameter, TaskInfo, values};

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
    /// The serializer's; `failed` says at which parameter.
    fn encode<M: SerializeMap>(
        &self,
        names: &[Parameter],
        map: &mut M,
        failed: &Cell<Option<Parameter>>,
    ) -> Result<(), M::Error>;

    /// Each argument as JSON, for people; `None` where it has no JSON.
    fn shown(&self) -> Vec<Option<Value>>;

    /// About how many bytes the arguments own elsewhere than in the tuple.
    fn owned_bytes(&self) -> usize;

    /// What each argument is that a message lacks.
    fn lacking(names: &[Parameter], default: fn(usize) -> Option<Box<dyn Any>>) -> Vec<Lacking>;

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

/// What becomes of a message that lacks an argument.
pub enum Lacking {
    /// It is rejected.
    Rejected,
    /// It is read with this value.
    Value(Value),
    /// It is read with what the default's code gives.
    Code(&'static str),
}

/// Reads one argument, and notes for which parameter that failed.
struct Field<'a, T> {
    task: &'static TaskInfo,
    parameter: &'static Parameter,
    failure: &'a mut Option<DecodeError>,
    value: std::marker::PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Field<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer).inspect_err(|error| {
            *self.failure = Some(DecodeError::mistyped(self.task, *self.parameter, error));
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

/// What has nothing to drop owns nothing, and need not be looked at.
fn owned_by<T: Serialize>(argument: &T) -> usize {
    if needs_drop::<T>() { bytes::of(argument) } else { 0 }
}

/// The parameter of that name. Letters with marks have several spellings, which look alike: Rust writes a name in
/// one of them, Python in another, and a message may have a third.
pub(crate) fn position(names: &[Parameter], key: &str) -> Option<usize> {
    let exact = names.iter().position(|parameter| parameter.name() == key);
    if exact.is_some() {
        return exact;
    }
    let former =
        |parameter: &Parameter| parameter.also().iter().any(|name| is_same_name(name, key));
    names.iter().position(|parameter| is_same_name(parameter.name(), key) || former(parameter))
}

fn is_same_name(name: &str, key: &str) -> bool {
    name == key || (!key.is_ascii() && name.nfkc().eq(key.nfkc()))
}

fn required<T: DeserializeOwned + 'static, E: serde::de::Error>(
    argument: Option<T>,
    default: impl FnOnce() -> Option<Box<dyn Any>>,
    task: &'static TaskInfo,
    parameter: &'static Parameter,
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
        *failure = Some(DecodeError::missing(task, *parameter));
        E::custom("missing argument")
    })
}

/// As [`required`] of an argument that is not there; a default that may be another one in each run is not asked for.
fn lacking<T: Argument + 'static>(
    parameter: &Parameter,
    default: impl FnOnce() -> Option<Box<dyn Any>>,
) -> Lacking {
    let Some(WrittenDefault { code, steady }) = parameter.written_default() else {
        return match catch(|| T::deserialize(Absent)) {
            Ok(Ok(value)) => Lacking::Value(values::shown(&value).unwrap_or(Value::Null)),
            Ok(Err(_)) | Err(_) => Lacking::Rejected,
        };
    };
    if !steady || parameter.is_secret() {
        return Lacking::Code(code);
    }
    let value = catch(default).ok().flatten().and_then(|value| value.downcast::<T>().ok());
    value.and_then(|value| values::shown(&*value)).map_or(Lacking::Code(code), Lacking::Value)
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
                failed: &Cell<Option<Parameter>>,
            ) -> Result<(), Map::Error> {
                $(
                    map.serialize_entry(names[$index].name(), &self.$index)
                        .inspect_err(|_| failed.set(Some(names[$index])))?;
                )*
                Ok(())
            }

            fn shown(&self) -> Vec<Option<Value>> {
                vec![$(values::shown(&self.$index)),*]
            }

            fn owned_bytes(&self) -> usize {
                0_usize $(.saturating_add(owned_by(&self.$index)))*
            }

            fn lacking(
                names: &[Parameter],
                default: fn(usize) -> Option<Box<dyn Any>>,
            ) -> Vec<Lacking> {
                vec![$(lacking::<$name>(&names[$index], || default($index))),*]
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
                    let position = position(names, &key);
                    match position {
                        $(Some($index) => {
                            if $name.is_some() {
                                *failure = Some(DecodeError::repeated(task, names[$index]));
                                return Err(Map::Error::custom("repeated argument"));
                            }
                            let field = Field {
                                task,
                                parameter: &names[$index],
                                failure,
                                value: std::marker::PhantomData,
                            };
                            $name = Some(map.next_value_seed(field)?);
                        })*
                        _ if task.removed().iter().any(|name| is_same_name(name, &key)) => {
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
                    required::<$name, Map::Error>($name, default, task, &names[$index], failure)?
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
