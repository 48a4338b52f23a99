//! The extractor of the scope in force, which every framework has a trait of its own for.

/// `CurrentScope`, and the error named where there is no scope, which says what to `add`.
macro_rules! current_scope {
    (
        $(#[doc = $example:literal])+
        else $missing:ident, add $add:literal:
        $(#[doc = $missing_example:literal])+
    ) => {
        /// The scope that a handler runs in, as an extractor: what [`airlock::current()`](crate::current)
        /// gives, and an error where nothing made one.
        ///
        /// # Examples
        ///
        $(#[doc = $example])+
        #[derive(Clone, Debug)]
        pub struct CurrentScope(pub $crate::Handle);

        /// A handler asked for its scope, and nothing makes one.
        ///
        /// # Examples
        ///
        $(#[doc = $missing_example])+
        #[derive(Clone, Copy, Debug)]
        pub struct $missing;

        impl CurrentScope {
            fn find() -> Result<Self, $missing> {
                $crate::current().map(Self).ok_or($missing)
            }
        }

        impl ::std::fmt::Display for $missing {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!(
                    "a handler asks for `CurrentScope` and no scope is around it: add ",
                    $add,
                ))
            }
        }

        impl ::std::error::Error for $missing {}
    };
}

pub(crate) use current_scope;
