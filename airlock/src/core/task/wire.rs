//! How a task's arguments go to JSON and back: one object, keyed by parameter name.

use std::any::Any;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::core::task::arguments::{Arguments, Lacking, position};
use crate::core::task::decode_error::DecodeError;
use crate::core::task::long_integers;
use crate::core::task::payload::{Call, Payload};
use crate::core::task::values::NotKept;
use crate::core::task::{Parameter, Task, values};

/// How the arguments of one task go to JSON and back, without their type.
pub struct Wire {
    pub(crate) encode: fn(&dyn Any) -> Result<Box<RawValue>, Unsent>,
    /// Puts a copy into an `Option` of the arguments' type, if it is the same as they are.
    pub(crate) copy: fn(&dyn Any, &mut dyn Any),
    pub(crate) shown: fn(&dyn Any) -> Vec<Option<Value>>,
    pub(crate) owned_bytes: fn(&dyn Any) -> usize,
    pub(crate) decode: fn(&str) -> Result<Payload, DecodeError>,
    pub(crate) lacking: fn() -> Vec<Lacking>,
    pub(crate) schemas: fn() -> Vec<Option<Value>>,
}

/// Why arguments are not sent.
pub(crate) enum Unsent {
    /// They have no JSON; the parameter is known unless it is serde's own mistake.
    Unwritten { parameter: Option<Parameter>, why: String },
    /// What was written can't be read; perhaps because JSON has no number for one that is in it.
    Unread { error: DecodeError, no_number: bool },
    /// What is read is another value.
    NotKept { parameter: Parameter, how: NotKept },
    /// They are nested so deep that no worker reads them.
    TooDeep { depth: usize },
}

impl Wire {
    pub(crate) const fn of<T: Task>() -> Self
    where
        T::Arguments: Arguments,
    {
        Self {
            encode: encode::<T>,
            copy: copy::<T>,
            shown: shown::<T>,
            owned_bytes: owned_bytes::<T>,
            decode: decode::<T>,
            lacking: lacking::<T>,
            schemas: schemas::<T>,
        }
    }
}

fn typed<T: Task>(arguments: &dyn Any) -> &T::Arguments {
    let Some(arguments) = arguments.downcast_ref() else {
        unreachable!("a task's payload holds that task's arguments")
    };
    arguments
}

fn encode<T: Task>(arguments: &dyn Any) -> Result<Box<RawValue>, Unsent>
where
    T::Arguments: Arguments,
{
    there_and_back::<T>(typed::<T>(arguments)).map(|(json, _)| json)
}

fn copy<T: Task>(arguments: &dyn Any, copy: &mut dyn Any)
where
    T::Arguments: Arguments,
{
    if let Some(copy) = copy.downcast_mut::<Option<T::Arguments>>() {
        *copy = there_and_back::<T>(typed::<T>(arguments)).ok().map(|(_, back)| back);
    }
}

/// The arguments as JSON, and what is read of that, which is the same.
fn there_and_back<T: Task>(
    arguments: &T::Arguments,
) -> Result<(Box<RawValue>, T::Arguments), Unsent>
where
    T::Arguments: Arguments,
{
    let parameters = T::info().parameters();
    let named = Named { arguments, names: parameters, failed: Cell::new(None) };
    let json = to_raw_value(&named).map_err(|error| Unsent::Unwritten {
        parameter: named.failed.get(),
        why: error.to_string(),
    })?;
    let depth = depth(json.get());
    if depth > MAX_DEPTH {
        return Err(Unsent::TooDeep { depth });
    }
    let back = read::<T>(json.get())
        .map_err(|error| Unsent::Unread { error, no_number: has_no_number::<T>(arguments) })?;
    for (index, (abilities, parameter)) in T::abilities().iter().zip(parameters).enumerate() {
        values::check(abilities, T::argument(arguments, index), T::argument(&back, index))
            .map_err(|how| Unsent::NotKept { parameter: *parameter, how })?;
    }
    Ok((json, back))
}

fn has_no_number<T: Task>(arguments: &T::Arguments) -> bool {
    let mut abilities = T::abilities().iter().enumerate();
    abilities.any(|(index, abilities)| {
        abilities.tree(T::argument(arguments, index)).is_some_and(|tree| tree.has_no_number())
    })
}

/// Arguments with their parameters' names.
struct Named<'a, A> {
    arguments: &'a A,
    names: &'a [Parameter],
    failed: Cell<Option<Parameter>>,
}

impl<A: Arguments> Serialize for Named<'_, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.arguments.encode(self.names, &mut map, &self.failed)?;
        map.end()
    }
}

/// How deep arguments may be nested: `serde_json` reads no deeper.
pub(crate) const MAX_DEPTH: usize = 127;

/// How deep objects and lists are nested, in a text that is JSON.
fn depth(json: &str) -> usize {
    // A level takes two characters, so most texts are too short to be deep.
    const SHALLOW: usize = 128;
    if json.len() < 2 * SHALLOW {
        return 0;
    }
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut inside_text, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = inside_text,
            b'"' => inside_text = !inside_text,
            _ if inside_text => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn shown<T: Task>(arguments: &dyn Any) -> Vec<Option<Value>>
where
    T::Arguments: Arguments,
{
    typed::<T>(arguments).shown()
}

fn owned_bytes<T: Task>(arguments: &dyn Any) -> usize
where
    T::Arguments: Arguments,
{
    typed::<T>(arguments).owned_bytes()
}

fn lacking<T: Task>() -> Vec<Lacking>
where
    T::Arguments: Arguments,
{
    T::Arguments::lacking(T::info().parameters(), T::default_argument)
}

fn schemas<T: Task>() -> Vec<Option<Value>> {
    T::abilities().iter().map(|abilities| abilities.schema.map(|schema| schema())).collect()
}

fn decode<T: Task>(json: &str) -> Result<Payload, DecodeError>
where
    T::Arguments: Arguments,
{
    let arguments = read::<T>(json)?;
    // What airlock sends was checked before it left; others write numbers that no type of the task's may have.
    if long_integers::has_any(json) {
        check_integers::<T>(json, &arguments)?;
    }
    Ok(Call::<T>::pack(arguments))
}

/// Refuses an argument that would run with another integer than the message has.
fn check_integers<T: Task>(json: &str, arguments: &T::Arguments) -> Result<(), DecodeError>
where
    T::Arguments: Arguments,
{
    type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;
    let names = T::info().parameters();
    let written = to_raw_value(&Named { arguments, names, failed: Cell::new(None) });
    let Ok(written) = written else { return Ok(()) };
    let malformed = |error| DecodeError::malformed(T::info(), &error);
    let sent: Fields<'_> = serde_json::from_str(json).map_err(malformed)?;
    let read: Fields<'_> = serde_json::from_str(written.get()).map_err(malformed)?;
    for (name, sent) in sent {
        let Some(place) = position(names, &name) else { continue };
        let Some(read) = read.get(names[place].name()) else { continue };
        if let Some(digits) = long_integers::first_rounded(sent.get(), read.get()) {
            return Err(DecodeError::rounded(T::info(), names[place], digits));
        }
    }
    Ok(())
}

fn read<T: Task>(json: &str) -> Result<T::Arguments, DecodeError>
where
    T::Arguments: Arguments,
{
    let mut failure = None;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let reader = Reader::<T> { failure: &mut failure, task: std::marker::PhantomData };
    let read = deserializer.deserialize_map(reader);
    read.and_then(|arguments| deserializer.end().map(|()| arguments))
        .map_err(|error| failure.unwrap_or_else(|| DecodeError::malformed(T::info(), &error)))
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
