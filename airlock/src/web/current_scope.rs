//! The extractor of the current scope. Each framework has a trait of its own for extractors.

/// Defines `CurrentScope`, and the named error for a missing scope, which says what to `add`.
macro_rules! current_scope {
    (
        $(#[doc = $example:literal])+
        else $missing:ident, add $add:literal:
        $(#[doc = $missing_example:literal])+
    ) => {
        /// An extractor for the scope that a handler runs in: what [`airlock::current()`](crate::current) returns, or
        /// an error if there is no scope.
        ///
        /// # Examples
        ///
        $(#[doc = $example])+
        #[derive(Clone, Debug)]
        pub struct CurrentScope(pub $crate::Handle);

        /// A handler asks for its scope, and nothing opens one.
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
