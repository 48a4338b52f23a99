//! How many bytes a value takes, as serde sees it.
//!
//! A serializer that counts and writes nothing. It is long because serde has a method for each kind of value.

use std::fmt::{self, Display, Write};

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// What a text, a list or a map takes where it stands, besides what is in it.
const OWNER: usize = size_of::<String>();

/// About how many bytes `value` takes in memory: its numbers by their size, a text, a list and a map by
/// what is in it and 24 more. A value that serde can't write counts up to there.
pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> usize {
    let mut counter = Counter { bytes: 0 };
    let _ = value.serialize(&mut counter);
    counter.bytes
}

struct Counter {
    bytes: usize,
}

type Counted = Result<(), fmt::Error>;

impl Counter {
    #[inline]
    #[expect(clippy::unnecessary_wraps, reason = "it is what a serializer's methods return")]
    fn count(&mut self, bytes: usize) -> Counted {
        // Zero-sized values can be as many as there are numbers.
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }

    #[inline]
    fn opened(&mut self) -> Result<&mut Self, fmt::Error> {
        self.count(OWNER)?;
        Ok(self)
    }
}

/// Of what is written as text.
impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.count(text.len())
    }
}

macro_rules! sized {
    ($($method:ident $type:ty),*) => {
        $(
            #[inline]
            fn $method(self, _: $type) -> Counted {
                self.count(size_of::<$type>())
            }
        )*
    };
}

impl<'a> Serializer for &'a mut Counter {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = &'a mut Counter;
    type SerializeTuple = &'a mut Counter;
    type SerializeTupleStruct = &'a mut Counter;
    type SerializeTupleVariant = &'a mut Counter;
    type SerializeMap = &'a mut Counter;
    type SerializeStruct = &'a mut Counter;
    type SerializeStructVariant = &'a mut Counter;

    sized! {
        serialize_bool bool, serialize_char char,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128,
        serialize_f32 f32, serialize_f64 f64
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Counted {
        self.count(OWNER + text.len())
    }

    #[inline]
    fn serialize_bytes(self, bytes: &[u8]) -> Counted {
        self.count(OWNER + bytes.len())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Counted {
        self.count(OWNER)?;
        write!(self, "{value}")
    }

    #[inline]
    fn serialize_none(self) -> Counted {
        self.count(1)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Counted {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Counted {
        self.count(1)
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Counted {
        self.count(1)
    }

    #[inline]
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Counted {
        self.count(1)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Counted {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Counted {
        self.count(1)?;
        value.serialize(self)
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, fmt::Error> {
        self.opened()
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Self, fmt::Error> {
        self.opened()
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, fmt::Error> {
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, fmt::Error> {
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, fmt::Error> {
        Ok(self)
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, fmt::Error> {
        Ok(self)
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, fmt::Error> {
        Ok(self)
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident),*) => {
        $(
            impl $trait for &mut Counter {
                type Ok = ();
                type Error = fmt::Error;

                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Counted {
                    value.serialize(&mut **self)
                }

                #[inline]
                fn end(self) -> Counted {
                    Ok(())
                }
            }
        )*
    };
}

macro_rules! fields {
    ($($trait:ident),*) => {
        $(
            impl $trait for &mut Counter {
                type Ok = ();
                type Error = fmt::Error;

                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    _: &'static str,
                    value: &T,
                ) -> Counted {
                    value.serialize(&mut **self)
                }

                #[inline]
                fn end(self) -> Counted {
                    Ok(())
                }
            }
        )*
    };
}

elements! {
    SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field
}
fields! { SerializeStruct, SerializeStructVariant }

impl SerializeMap for &mut Counter {
    type Ok = ();
    type Error = fmt::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Counted {
        key.serialize(&mut **self)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Counted {
        value.serialize(&mut **self)
    }

    #[inline]
    fn end(self) -> Counted {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::Ipv4Addr;

    use serde::Serialize;

    use super::of;

    #[derive(Serialize)]
    struct Order {
        id: u64,
        note: Option<String>,
        lines: Vec<(u32, Kind)>,
    }

    #[derive(Serialize)]
    enum Kind {
        Plain,
        Gift(String),
        Bulk { pieces: u16 },
    }

    #[test]
    fn a_value_counts_for_what_is_in_it() {
        assert_eq!(of(&1_u64), 8);
        assert_eq!(of("four"), 24 + 4);
        assert_eq!(of(&vec![1_u8; 1_000]), 24 + 1_000);
        assert_eq!(of(&vec![String::new(); 10]), 24 + 10 * 24);
        assert_eq!(of(&BTreeMap::from([("key", 1_u32)])), 24 + 24 + 3 + 4);
        assert_eq!(of(&Ipv4Addr::LOCALHOST), 24 + "127.0.0.1".len());

        let lines =
            vec![(1, Kind::Plain), (2, Kind::Gift("a".into())), (3, Kind::Bulk { pieces: 9 })];
        let order = Order { id: 1, note: None, lines };
        assert_eq!(of(&order), 8 + 1 + 24 + (4 + 1) + (4 + 1 + 24 + 1) + (4 + 2));
    }

    #[test]
    fn what_cannot_be_written_counts_up_to_there() {
        struct Torn;

        impl Serialize for Torn {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("torn"))
            }
        }

        assert_eq!(of(&("four", Torn, "five")), 24 + 4);
    }
}
