//! All that serde says of a value, and more than JSON keeps.

use std::any::type_name;

use serde::Serialize;

use crate::core::task::values::build::Builder;

/// A value as serde sees it. JSON has one `null` for `None`, for `()` and for `NaN`; here they differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tree {
    None,
    Some(Box<Tree>),
    Unit,
    Bool(bool),
    /// A whole number, if it is not greater than the greatest `i128`.
    Whole(i128),
    Huge(u128),
    /// The bits, for a `NaN` is like itself here.
    Single(u32),
    Double(u64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Tree>),
    /// A list whose order says nothing: it is sorted.
    Set(Vec<Tree>),
    /// Sorted by its keys.
    Map(Vec<(Tree, Tree)>),
    Struct(Vec<(&'static str, Tree)>),
    /// Of an enum: the variant, and what is in it.
    Variant(&'static str, Option<Box<Tree>>),
}

impl Tree {
    /// The value, unless its `Serialize` refuses.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Option<Self> {
        build(value).ok()
    }

    /// The same without what two equal values may differ in: the order of a list, which may be a set's, and
    /// the sign of zero.
    pub(crate) fn loose(self) -> Self {
        match self {
            Self::Some(inner) => Self::Some(Box::new(inner.loose())),
            Self::Single(bits) if f32::from_bits(bits) == 0.0 => Self::Single(0),
            Self::Double(bits) if f64::from_bits(bits) == 0.0 => Self::Double(0),
            Self::List(items) | Self::Set(items) => {
                Self::set(items.into_iter().map(Self::loose).collect())
            }
            Self::Map(entries) => Self::map(
                entries.into_iter().map(|(key, value)| (key.loose(), value.loose())).collect(),
            ),
            Self::Struct(fields) => Self::Struct(
                fields.into_iter().map(|(name, value)| (name, value.loose())).collect(),
            ),
            Self::Variant(name, inner) => {
                Self::Variant(name, inner.map(|inner| Box::new(inner.loose())))
            }
            other => other,
        }
    }

    pub(super) fn set(mut items: Vec<Self>) -> Self {
        items.sort_unstable();
        Self::Set(items)
    }

    pub(super) fn map(mut entries: Vec<(Self, Self)>) -> Self {
        entries.sort_unstable();
        Self::Map(entries)
    }

    /// Whether there is a number in it that JSON has not: `NaN` or an infinity.
    pub(crate) fn has_no_number(&self) -> bool {
        match self {
            Self::Single(bits) => !f32::from_bits(*bits).is_finite(),
            Self::Double(bits) => !f64::from_bits(*bits).is_finite(),
            Self::Some(inner) | Self::Variant(_, Some(inner)) => inner.has_no_number(),
            Self::List(items) | Self::Set(items) => items.iter().any(Self::has_no_number),
            Self::Map(entries) => {
                entries.iter().any(|(key, value)| key.has_no_number() || value.has_no_number())
            }
            Self::Struct(fields) => fields.iter().any(|(_, value)| value.has_no_number()),
            _ => false,
        }
    }
}

/// Builds the tree of a value, whose type may say that its order is none.
pub(super) fn build<T: Serialize + ?Sized>(value: &T) -> Result<Tree, std::fmt::Error> {
    Ok(match value.serialize(Builder)? {
        Tree::List(items) if is_unordered(type_name::<T>()) => Tree::set(items),
        tree => tree,
    })
}

/// Whether this is the name of a collection that gives its items in any order.
///
/// serde writes a set like a list, and only the type says which of the two it is.
fn is_unordered(mut name: &str) -> bool {
    const OWNERS: [&str; 3] = ["Box", "Arc", "Rc"];
    const UNORDERED: [&str; 5] = ["HashSet", "AHashSet", "IndexSet", "DashSet", "BinaryHeap"];
    loop {
        name = name.trim_start_matches('&');
        let (path, inside) = name.split_once('<').unwrap_or((name, ""));
        let last = path.rsplit("::").next().unwrap_or(path);
        if !OWNERS.contains(&last) {
            return UNORDERED.contains(&last);
        }
        name = inside;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BinaryHeap, HashMap, HashSet};
    use std::sync::Arc;

    use super::Tree;

    #[derive(serde::Serialize)]
    struct Filter {
        tags: Option<Arc<HashSet<u32>>>,
        order: Vec<u32>,
    }

    fn filter(tags: impl IntoIterator<Item = u32>, order: &[u32]) -> Option<Tree> {
        Tree::of(&Filter { tags: Some(Arc::new(tags.into_iter().collect())), order: order.into() })
    }

    #[test]
    fn what_json_has_one_null_for_differs() {
        let trees = [
            Tree::of(&None::<Option<f64>>),
            Tree::of(&Some(None::<f64>)),
            Tree::of(&Some(Some(f64::NAN))),
            Tree::of(&Some(Some(f64::INFINITY))),
            Tree::of(&()),
            Tree::of(&Some(())),
        ];
        for (index, tree) in trees.iter().enumerate() {
            assert_eq!(trees.iter().position(|other| other == tree), Some(index));
        }
    }

    #[test]
    fn a_set_has_no_order_wherever_it_stands_and_a_list_has_one() {
        assert_eq!(filter(0..100, &[1, 2]), filter((0..100).rev(), &[1, 2]));
        assert_ne!(filter(0..100, &[1, 2]), filter(0..100, &[2, 1]));
        let heap = |items: Vec<u32>| Tree::of(&BinaryHeap::from(items));
        assert_eq!(heap(vec![1, 2, 3]), heap(vec![3, 2, 1]));
        let map = |keys: Vec<u32>| {
            Tree::of(&keys.into_iter().map(|key| (key, key)).collect::<HashMap<_, _>>())
        };
        assert_eq!(map((0..100).collect()), map((0..100).rev().collect()));
    }

    #[test]
    fn loosely_a_list_has_no_order_and_zero_no_sign() {
        let loose = |value: &[f64]| Tree::of(value).map(Tree::loose);
        assert_eq!(loose(&[1.0, -0.0]), loose(&[0.0, 1.0]));
        assert_ne!(loose(&[1.0, 0.0]), loose(&[1.0, 1.0]));
    }
}
