//! The orders, in an embedded database: one file.

use std::path::Path;

use airlock::EnqueueError;
use rusqlite::{Connection, Transaction};

use crate::domain::Order;
use crate::failure::Failure;
use crate::row::Row;

/// The shop's database.
pub(crate) struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the file, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS orders (
                id INTEGER PRIMARY KEY,
                email TEXT NOT NULL,
                item TEXT NOT NULL,
                quantity INTEGER NOT NULL,
                processed INTEGER NOT NULL
            ) STRICT",
        )?;
        Ok(Self { connection })
    }

    /// Saves rows as orders; one whose number is there already takes its place.
    pub(crate) fn save(&mut self, rows: &[Row]) -> Result<(), Failure> {
        let transaction = self.connection.transaction()?;
        let insert = "INSERT OR REPLACE INTO orders VALUES (?1, ?2, ?3, ?4, FALSE)";
        for Row { id, email, item, quantity } in rows {
            transaction.execute(insert, (id, email, item, quantity))?;
        }
        Ok(transaction.commit()?)
    }

    /// Makes every order one that waits to be processed.
    pub(crate) fn start_over(&mut self) -> Result<(), Failure> {
        self.connection.execute("UPDATE orders SET processed = FALSE", ())?;
        Ok(())
    }

    /// Changes every order and saves them all, or none where a change fails.
    pub(crate) fn change_each(
        &mut self,
        change: impl Fn(&mut Order) -> Result<(), EnqueueError>,
    ) -> Result<(), Failure> {
        let transaction = self.connection.transaction()?;
        change_each(&transaction, change)?;
        Ok(transaction.commit()?)
    }

    /// The same, and saves nothing.
    pub(crate) fn rehearse_each(
        &mut self,
        change: impl Fn(&mut Order) -> Result<(), EnqueueError>,
    ) -> Result<(), Failure> {
        let transaction = self.connection.transaction()?;
        change_each(&transaction, change)?;
        Ok(transaction.rollback()?)
    }

    /// How many orders there are.
    pub(crate) fn count(&self) -> Result<usize, Failure> {
        self.number("SELECT count(*) FROM orders")
    }

    /// How many of them are processed.
    pub(crate) fn processed(&self) -> Result<usize, Failure> {
        self.number("SELECT count(*) FROM orders WHERE processed")
    }

    fn number(&self, query: &str) -> Result<usize, Failure> {
        Ok(self.connection.query_row(query, (), |row| row.get(0))?)
    }
}

fn change_each(
    transaction: &Transaction<'_>,
    change: impl Fn(&mut Order) -> Result<(), EnqueueError>,
) -> Result<(), Failure> {
    let mut select = transaction.prepare("SELECT id, email, processed FROM orders ORDER BY id")?;
    let orders = select.query_map((), |row| {
        Ok(Order { id: row.get(0)?, email: row.get(1)?, processed: row.get(2)? })
    })?;
    // All are read before the first is written.
    for mut order in orders.collect::<Result<Vec<_>, _>>()? {
        change(&mut order)?;
        let update = "UPDATE orders SET processed = ?2 WHERE id = ?1";
        transaction.execute(update, (order.id, order.processed))?;
    }
    Ok(())
}
