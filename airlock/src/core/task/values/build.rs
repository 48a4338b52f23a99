//! The serializer that builds a [`Tree`]. It is long because serde has a method for each kind of value.

use std::fmt;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Value;

use crate::core::task::values::tree::{Tree, build};

/// Under these names `serde_json` hands its own values on: a text that is JSON, and a number's digits.
const RAW: &str = "$serde_json::private::RawValue";
const NUMBER: &str = "$serde_json::private::Number";

type Built = Result<Tree, fmt::Error>;

/// Builds one value.
pub(super) struct Builder;

/// Builds what has several.
pub(super) struct Items<K> {
    kind: K,
    items: Vec<Tree>,
}

pub(super) struct List;

pub(super) struct ListOf(&'static str);

/// The keys and the values are items, in turn.
pub(super) struct Map;

pub(super) struct Fields {
    /// The struct's name, or the variant's.
    name: &'static str,
    is_variant: bool,
    built: Vec<(&'static str, Tree)>,
}

impl<K> Items<K> {
    fn of(kind: K) -> Self {
        Self { kind, items: Vec::new() }
    }

    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.items.push(build(value)?);
        Ok(())
    }
}

fn whole(number: u128) -> Tree {
    i128::try_from(number).map_or(Tree::Huge(number), Tree::Whole)
}

/// What a text that is JSON says.
fn raw(json: &str) -> Built {
    let value: Value = serde_json::from_str(json).map_err(|_| fmt::Error)?;
    build(&value)
}

/// A number whose digits are kept, which it is with a feature of `serde_json`.
fn number(digits: String) -> Tree {
    let whole_number = digits.parse().map(Tree::Whole).ok();
    let huge = || digits.parse().map(Tree::Huge).ok();
    whole_number.or_else(huge).unwrap_or(Tree::Text(digits))
}

macro_rules! numbers {
    ($($method:ident $type:ty => $tree:expr),* $(,)?) => {
        $(fn $method(self, value: $type) -> Built {
            Ok($tree(value))
        })*
    };
}

impl Serializer for Builder {
    type Ok = Tree;
    type Error = fmt::Error;
    type SerializeSeq = Items<List>;
    type SerializeTuple = Items<List>;
    type SerializeTupleStruct = Items<List>;
    type SerializeTupleVariant = Items<ListOf>;
    type SerializeMap = Items<Map>;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    numbers! {
        serialize_bool bool => Tree::Bool,
        serialize_i8 i8 => |value| Tree::Whole(i128::from(value)),
        serialize_i16 i16 => |value| Tree::Whole(i128::from(value)),
        serialize_i32 i32 => |value| Tree::Whole(i128::from(value)),
        serialize_i64 i64 => |value| Tree::Whole(i128::from(value)),
        serialize_i128 i128 => Tree::Whole,
        serialize_u8 u8 => |value| whole(u128::from(value)),
        serialize_u16 u16 => |value| whole(u128::from(value)),
        serialize_u32 u32 => |value| whole(u128::from(value)),
        serialize_u64 u64 => |value| whole(u128::from(value)),
        serialize_u128 u128 => whole,
        serialize_f32 f32 => |value: f32| Tree::Single(value.to_bits()),
        serialize_f64 f64 => |value: f64| Tree::Double(value.to_bits()),
        serialize_char char => |value: char| Tree::Text(value.into()),
        serialize_str &str => |value: &str| Tree::Text(value.into()),
        serialize_bytes &[u8] => |value: &[u8]| Tree::Bytes(value.into()),
    }

    fn serialize_none(self) -> Built {
        Ok(Tree::None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Built {
        Ok(Tree::Some(Box::new(build(value)?)))
    }

    fn serialize_unit(self) -> Built {
        Ok(Tree::Unit)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Built {
        Ok(Tree::Unit)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Built {
        Ok(Tree::Variant(variant, None))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Built {
        build(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Built {
        Ok(Tree::Variant(variant, Some(Box::new(build(value)?))))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<List>, fmt::Error> {
        Ok(Items::of(List))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<List>, fmt::Error> {
        Ok(Items::of(List))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<List>, fmt::Error> {
        Ok(Items::of(List))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<ListOf>, fmt::Error> {
        Ok(Items::of(ListOf(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Items<Map>, fmt::Error> {
        Ok(Items::of(Map))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields, fmt::Error> {
        Ok(Fields { name, is_variant: false, built: Vec::new() })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Fields, fmt::Error> {
        Ok(Fields { name, is_variant: true, built: Vec::new() })
    }
}

macro_rules! lists {
    ($($trait:ident $method:ident $kind:ty => $end:expr),* $(,)?) => {
        $(
            impl $trait for Items<$kind> {
                type Ok = Tree;
                type Error = fmt::Error;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
                    self.add(value)
                }

                fn end(self) -> Built {
                    let end: fn(Self) -> Tree = $end;
                    Ok(end(self))
                }
            }
        )*
    };
}

lists! {
    SerializeSeq serialize_element List => |list| Tree::List(list.items),
    SerializeTuple serialize_element List => |list| Tree::List(list.items),
    SerializeTupleStruct serialize_field List => |list| Tree::List(list.items),
    SerializeTupleVariant serialize_field ListOf => |list| {
        Tree::Variant(list.kind.0, Some(Box::new(Tree::List(list.items))))
    },
}

impl SerializeMap for Items<Map> {
    type Ok = Tree;
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), fmt::Error> {
        self.add(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.add(value)
    }

    fn end(self) -> Built {
        let mut items = self.items.into_iter();
        let mut entries = Vec::with_capacity(items.len() / 2);
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            entries.push((key, value));
        }
        Ok(Tree::map(entries))
    }
}

impl Fields {
    fn add<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        self.built.push((name, build(value)?));
        Ok(())
    }

    fn end(mut self) -> Built {
        if matches!(self.name, RAW | NUMBER)
            && let Some((_, Tree::Text(text))) = self.built.pop_if(|(name, _)| *name == self.name)
        {
            return if self.name == RAW { raw(&text) } else { Ok(number(text)) };
        }
        let fields = Tree::Struct(self.built);
        Ok(if self.is_variant { Tree::Variant(self.name, Some(Box::new(fields))) } else { fields })
    }
}

macro_rules! structs {
    ($($trait:ident),*) => {
        $(
            impl $trait for Fields {
                type Ok = Tree;
                type Error = fmt::Error;

                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    name: &'static str,
                    value: &T,
                ) -> Result<(), fmt::Error> {
                    self.add(name, value)
                }

                fn end(self) -> Built {
                    Self::end(self)
                }
            }
        )*
    };
}

structs!(SerializeStruct, SerializeStructVariant);
