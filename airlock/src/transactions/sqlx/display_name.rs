//! What errors call a database.

use std::sync::Arc;

use super::Backend;
use super::driver::file;
use super::driver::sqlx::{ConnectOptions, Connection, Pool};

/// The URL of a pool's database, without the password.
pub(super) fn display_name<DB: Backend>(pool: &Pool<DB>) -> String {
    let options: Arc<<DB::Connection as Connection>::Options> = pool.connect_options();
    match DB::NAME {
        "PostgreSQL" | "MySQL" => {
            let mut url = options.to_url_lossy();
            url.set_query(None);
            // This fails only for a URL without a host, which has no password either.
            let _ = url.set_password(None);
            url.to_string()
        }
        // `to_url_lossy` panics for a database in memory.
        "SQLite" => match file(&*options) {
            Some(file) => format!("sqlite:{}", file.display()),
            None => DB::NAME.to_owned(),
        },
        // Whether the options of others can be turned into a URL is not known.
        _ => DB::NAME.to_owned(),
    }
}
