//! The statements, which both databases understand.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Connection;
use super::connection::on;
use crate::orders::Order;
use crate::record::Record;

/// How many rows a page shows.
const PAGE: i64 = 100;

type OrderRow = (i64, String, String, i64, String, i64);
type RecordRow = (i64, i64, String, Option<i64>, String, String);

/// All columns of an order, as an [`OrderRow`].
macro_rules! order {
    ($before:literal, $after:literal) => {
        concat!($before, " id, email, item, quantity, state, placed_at ", $after)
    };
}

impl Connection<'_> {
    /// A new order, which is open.
    pub(crate) async fn insert_order(
        &mut self,
        email: &str,
        item: &str,
        quantity: i64,
    ) -> sqlx::Result<Order> {
        const INSERT: &str = order!(
            "INSERT INTO shop_orders (email, item, quantity, state, placed_at)
             VALUES ($1, $2, $3, 'placed', $4) RETURNING",
            ""
        );
        let row: OrderRow = on!(self, connection => {
            let insert = sqlx::query_as(INSERT).bind(email).bind(item).bind(quantity).bind(now());
            insert.fetch_one(&mut **connection).await?
        });
        Ok(row.into())
    }

    /// Shuts an open order; `None` where it isn't open, or there is none.
    pub(crate) async fn turn_open_order(
        &mut self,
        id: i64,
        state: &str,
    ) -> sqlx::Result<Option<Order>> {
        const TURN: &str = order!(
            "UPDATE shop_orders SET state = $2 WHERE id = $1 AND state = 'placed' RETURNING",
            ""
        );
        let row: Option<OrderRow> = on!(self, connection => {
            sqlx::query_as(TURN).bind(id).bind(state).fetch_optional(&mut **connection).await?
        });
        Ok(row.map(Order::from))
    }

    pub(crate) async fn order(&mut self, id: i64) -> sqlx::Result<Option<Order>> {
        const SELECT: &str = order!("SELECT", "FROM shop_orders WHERE id = $1");
        let row: Option<OrderRow> = on!(self, connection => {
            sqlx::query_as(SELECT).bind(id).fetch_optional(&mut **connection).await?
        });
        Ok(row.map(Order::from))
    }

    /// The last orders, the newest first.
    pub(crate) async fn orders(&mut self) -> sqlx::Result<Vec<Order>> {
        const SELECT: &str = order!("SELECT", "FROM shop_orders ORDER BY id DESC LIMIT $1");
        let rows: Vec<OrderRow> = on!(self, connection => {
            sqlx::query_as(SELECT).bind(PAGE).fetch_all(&mut **connection).await?
        });
        Ok(rows.into_iter().map(Order::from).collect())
    }

    pub(crate) async fn count_orders(&mut self) -> sqlx::Result<i64> {
        on!(self, connection => {
            let count = sqlx::query_scalar("SELECT count(*) FROM shop_orders");
            count.fetch_one(&mut **connection).await
        })
    }

    /// The ids of orders that are neither shipped nor cancelled.
    pub(crate) async fn open_orders(&mut self) -> sqlx::Result<Vec<i64>> {
        const SELECT: &str = "SELECT id FROM shop_orders WHERE state = 'placed' ORDER BY id";
        on!(self, connection => sqlx::query_scalar(SELECT).fetch_all(&mut **connection).await)
    }

    /// What can be ordered, and how much of it is left.
    pub(crate) async fn items(&mut self) -> sqlx::Result<Vec<(String, i64)>> {
        const SELECT: &str = "SELECT item, remaining FROM shop_stock ORDER BY item";
        on!(self, connection => sqlx::query_as(SELECT).fetch_all(&mut **connection).await)
    }

    /// Takes some of an item; whether there was enough.
    pub(crate) async fn take_from_stock(
        &mut self,
        item: &str,
        quantity: i64,
    ) -> sqlx::Result<bool> {
        const TAKE: &str = "UPDATE shop_stock SET remaining = remaining - $2
                            WHERE item = $1 AND remaining >= $2";
        let taken = on!(self, connection => {
            let take = sqlx::query(TAKE).bind(item).bind(quantity);
            take.execute(&mut **connection).await?.rows_affected()
        });
        Ok(taken == 1)
    }

    pub(crate) async fn put_back_into_stock(
        &mut self,
        item: &str,
        quantity: i64,
    ) -> sqlx::Result<()> {
        const PUT: &str = "UPDATE shop_stock SET remaining = remaining + $2 WHERE item = $1";
        on!(self, connection => {
            sqlx::query(PUT).bind(item).bind(quantity).execute(&mut **connection).await?;
        });
        Ok(())
    }

    /// Keeps what became of a request; its effects are JSON.
    pub(crate) async fn insert_record(
        &mut self,
        name: &str,
        order_id: Option<i64>,
        outcome: &str,
        effects: &str,
    ) -> sqlx::Result<()> {
        const INSERT: &str = "INSERT INTO shop_requests (at, name, order_id, outcome, effects)
                              VALUES ($1, $2, $3, $4, $5)";
        on!(self, connection => {
            let insert = sqlx::query(INSERT).bind(now()).bind(name).bind(order_id);
            insert.bind(outcome).bind(effects).execute(&mut **connection).await?;
        });
        Ok(())
    }

    /// What became of the last requests, the newest first; of one order where one is named.
    pub(crate) async fn records(&mut self, order_id: Option<i64>) -> sqlx::Result<Vec<Record>> {
        const SELECT: &str = "SELECT id, at, name, order_id, outcome, effects FROM shop_requests
                              WHERE $1 IS NULL OR order_id = $1 ORDER BY id DESC LIMIT $2";
        let rows: Vec<RecordRow> = on!(self, connection => {
            sqlx::query_as(SELECT).bind(order_id).bind(PAGE).fetch_all(&mut **connection).await?
        });
        rows.into_iter().map(Record::try_from).collect()
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl From<OrderRow> for Order {
    fn from((id, email, item, quantity, state, placed_at): OrderRow) -> Self {
        Self { id, email, item, quantity, state, placed_at }
    }
}

impl TryFrom<RecordRow> for Record {
    type Error = sqlx::Error;

    fn try_from((id, at, name, order_id, outcome, effects): RecordRow) -> sqlx::Result<Self> {
        let effects =
            serde_json::from_str(&effects).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Self { id, at, name, order_id, outcome, effects })
    }
}
