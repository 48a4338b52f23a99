//! What the type of an argument can do besides what its task needs.

use std::any::Any;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};

use serde::Serialize;
use serde_json::Value;

use crate::core::panics::{Panic, catch};
use crate::core::task::values::tree::Tree;

/// Whether two arguments are equal, by their type's own `==`.
pub(crate) type Equal = fn(&dyn Any, &dyn Any) -> bool;

/// Hashes an argument as its type does.
pub(crate) type HashInto = fn(&dyn Any, &mut dyn Hasher);

/// An argument's `Debug` text.
pub(crate) type DebugText = fn(&dyn Any) -> String;

/// An argument as serde sees it.
pub(crate) type TreeOf = fn(&dyn Any) -> Option<Seen>;

/// A tree; its type is no one else's business.
pub struct Seen(pub(super) Tree);

/// The JSON schema of an argument's type.
pub(crate) type SchemaOf = fn() -> Value;

/// What the type of one argument can do. The task macro finds it out, for a generic function can't.
pub struct Abilities {
    /// It has `==`.
    pub equal: Option<Equal>,
    /// It has a hash, and `==` that goes with it.
    pub hash: Option<HashInto>,
    /// It has a `Debug` text.
    pub debug: Option<DebugText>,
    /// It goes to serde.
    pub tree: Option<TreeOf>,
    /// It has a JSON schema.
    pub schema: Option<SchemaOf>,
}

impl Abilities {
    /// Whether two arguments are equal: by `==` where the type has it, else as serde sees them. `None` where
    /// neither is there.
    pub(crate) fn same(&self, a: &dyn Any, b: &dyn Any) -> Option<bool> {
        match self.equal {
            Some(equal) => Some(equal(a, b)),
            None => Some(self.tree(a)? == self.tree(b)?),
        }
    }

    /// Hashes an argument, so that equal ones have one hash. `false` where its type offers nothing.
    pub(crate) fn hash(&self, argument: &dyn Any, mut state: &mut dyn Hasher) -> bool {
        if let Some(hash) = self.hash {
            hash(argument, state);
            return true;
        }
        let tree = self.tree(argument).map(Tree::loose);
        tree.inspect(|tree| tree.hash(&mut state)).is_some()
    }

    pub(crate) fn tree(&self, argument: &dyn Any) -> Option<Tree> {
        self.tree.and_then(|tree| tree(argument)).map(|Seen(tree)| tree)
    }

    pub(crate) fn debug(&self, argument: &dyn Any) -> Option<String> {
        let debug = self.debug?;
        let panicked = |panic: Panic| format!("[its `Debug` panicked: {}]", panic.message());
        Some(catch(|| debug(argument)).unwrap_or_else(panicked))
    }
}

fn typed<T: 'static>(argument: &dyn Any) -> &T {
    let Some(argument) = argument.downcast_ref() else {
        unreachable!("an argument is of its parameter's type")
    };
    argument
}

/// [`Equal`] of a type.
pub(crate) fn equal<T: PartialEq + 'static>(a: &dyn Any, b: &dyn Any) -> bool {
    typed::<T>(a) == typed::<T>(b)
}

/// [`HashInto`] of a type.
pub(crate) fn hash<T: Eq + Hash + 'static>(argument: &dyn Any, mut state: &mut dyn Hasher) {
    typed::<T>(argument).hash(&mut state);
}

/// [`DebugText`] of a type.
pub(crate) fn debug<T: Debug + 'static>(argument: &dyn Any) -> String {
    format!("{:?}", typed::<T>(argument))
}

/// [`TreeOf`] of a type.
pub(crate) fn tree<T: Serialize + 'static>(argument: &dyn Any) -> Option<Seen> {
    Tree::of(typed::<T>(argument)).map(Seen)
}
