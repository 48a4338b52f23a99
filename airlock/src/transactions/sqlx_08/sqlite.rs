//! SQLite in sqlx 0.8, where there is any.
//!
//! A binary links one SQLite, and sqlx 0.8 takes no version of `libsqlite3-sys` but 0.30. airlock does not choose that for all, and so
//! does not turn sqlx's feature `sqlite` on: the program does, with its own dependency on sqlx. No `cfg` sees that. But
//! a name in a block is looked up in the block's glob imports first, and around the block after that: `sqlite` below is
//! sqlx's where it has one, and else the module here.

use std::any::Any;
use std::path::Path;

/// Nothing is of these types.
#[allow(dead_code, clippy::module_inception, reason = "named and shadowed as sqlx's own")]
mod sqlite {
    use std::path::Path;

    pub(super) enum SqliteConnection {}
    pub(super) enum SqliteConnectOptions {}

    impl SqliteConnectOptions {
        pub(super) fn get_filename(&self) -> &Path {
            match *self {}
        }
    }

    #[cfg(feature = "apalis-sqlite")]
    impl crate::transactions::sqlx_08::connection::Rows for SqliteConnection {
        async fn rows(
            &mut self,
            _: &str,
            _: &str,
        ) -> sqlx_08::Result<Vec<crate::transactions::shared::Row>> {
            match *self {}
        }
    }
}

/// The file that SQLite's options name.
pub(super) fn file(options: &dyn Any) -> Option<&Path> {
    #[allow(unused_imports, clippy::wildcard_imports, reason = "it may have no `sqlite`")]
    use sqlx_08::*;

    options.downcast_ref().map(sqlite::SqliteConnectOptions::get_filename)
}

#[cfg(feature = "apalis-sqlite")]
const _: () = {
    use super::connection::Rows as _;
    use crate::core::task::called::BoxError;
    use crate::transactions::shared;

    #[allow(unused_imports, clippy::wildcard_imports, reason = "it may have no `sqlite`")]
    use sqlx_08::*;

    impl shared::Connection<shared::dialect::Sqlite> for sqlite::SqliteConnection {
        async fn query(
            &mut self,
            statement: &str,
            parameter: &str,
        ) -> std::result::Result<Vec<shared::Row>, BoxError> {
            Ok(self.rows(statement, parameter).await?)
        }
    }
};
