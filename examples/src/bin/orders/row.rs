//! One row of a CSV file of orders.

use std::num::IntErrorKind;

use csv::StringRecord;

/// The columns of the first line, in any order; others are ignored.
const NAMES: [&str; 4] = ["id", "email", "item", "quantity"];

/// Where each of the columns is.
pub(crate) struct Columns([usize; 4]);

/// A row that is an order.
pub(crate) struct Row {
    pub(crate) id: u64,
    pub(crate) email: String,
    pub(crate) item: String,
    pub(crate) quantity: u32,
}

impl Columns {
    /// The columns as the first line names them.
    pub(crate) fn find(header: &StringRecord) -> Result<Self, String> {
        let mut columns = [0; 4];
        for (column, name) in columns.iter_mut().zip(NAMES) {
            *column = header.iter().position(|written| written == name).ok_or_else(|| {
                let names = NAMES.join(", ");
                format!("the first line must name the columns {names}; it lacks {name}")
            })?;
        }
        Ok(Self(columns))
    }
}

impl Row {
    /// The order that a record is, or why it is none.
    pub(crate) fn parse(record: &StringRecord, columns: &Columns) -> Result<Self, String> {
        let [id, email, item, quantity] = columns.0.map(|column| &record[column]);
        let id = number("id", id)?;
        if !is_address(email) {
            return Err(format!("email is `{email}`, which is no address"));
        }
        if item.is_empty() {
            return Err("item is empty".to_owned());
        }
        let quantity = number("quantity", quantity)?;
        Ok(Self { id, email: email.to_owned(), item: item.to_owned(), quantity })
    }
}

fn is_address(email: &str) -> bool {
    let parts = email.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// A whole number from 1, no greater than the database takes.
fn number<T: TryFrom<i64>>(column: &str, text: &str) -> Result<T, String> {
    let number = match text.parse::<i64>() {
        Ok(number) if number > 0 => T::try_from(number).ok(),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => None,
        _ => return Err(format!("{column} is `{text}`; a whole number from 1 is wanted")),
    };
    number.ok_or_else(|| format!("{column} is `{text}`, which is too large"))
}
