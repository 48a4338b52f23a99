//! What the types of arguments can do, chosen where they are known: in what the task macro writes.
//!
//! A type's own constants come before those of a trait. So `<Probe<T>>::__AIRLOCK_EQUAL` is that of the `impl` for
//! types with `==` where `T` is one, and that of [`Unable`] otherwise. The names are such that no trait of the user's has
//! them.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::Serialize;

use crate::core::task::values::abilities::{
    DebugText, Equal, HashInto, SchemaOf, TreeOf, debug, equal, hash, tree,
};
#[cfg(feature = "schemars")]
use crate::core::task::values::schema;

/// Asks what a type can do.
pub struct Probe<T>(PhantomData<T>);

/// Copies a value.
pub type Copying<T> = fn(&T) -> T;

/// What a type can't.
pub trait Unable: Sized {
    /// It has no `Clone`.
    const __AIRLOCK_CLONE: Option<Copying<Self::Of>> = None;
    /// It has no `==`.
    const __AIRLOCK_EQUAL: Option<Equal> = None;
    /// It has no hash.
    const __AIRLOCK_HASH: Option<HashInto> = None;
    /// It has no `Debug` text.
    const __AIRLOCK_DEBUG: Option<DebugText> = None;
    /// It does not go to serde.
    const __AIRLOCK_TREE: Option<TreeOf> = None;
    /// It has no JSON schema.
    const __AIRLOCK_SCHEMA: Option<SchemaOf> = None;

    /// The type that is asked about.
    type Of;
}

impl<T> Unable for Probe<T> {
    type Of = T;
}

impl<T: Clone> Probe<T> {
    /// A copy.
    pub const __AIRLOCK_CLONE: Option<Copying<T>> = Some(T::clone);
}

impl<T: PartialEq + 'static> Probe<T> {
    /// Whether two are equal.
    pub const __AIRLOCK_EQUAL: Option<Equal> = Some(equal::<T>);
}

impl<T: Eq + Hash + 'static> Probe<T> {
    /// Its hash.
    pub const __AIRLOCK_HASH: Option<HashInto> = Some(hash::<T>);
}

impl<T: Debug + 'static> Probe<T> {
    /// Its `Debug` text.
    pub const __AIRLOCK_DEBUG: Option<DebugText> = Some(debug::<T>);
}

impl<T: Serialize + 'static> Probe<T> {
    /// As serde sees it.
    pub const __AIRLOCK_TREE: Option<TreeOf> = Some(tree::<T>);
}

#[cfg(feature = "schemars")]
impl<T: schemars::JsonSchema> Probe<T> {
    /// Its JSON schema.
    pub const __AIRLOCK_SCHEMA: Option<SchemaOf> = Some(schema::of::<T>);
}
