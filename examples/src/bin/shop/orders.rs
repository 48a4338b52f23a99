//! The shop's own code. It says who is to hear of what where it knows, also before it knows whether the
//! order succeeds; the transaction around it decides.

use serde::Serialize;

use crate::crash;
use crate::error::{Problem, ShopError};
use crate::store::Connection;
use crate::tasks::{ask_to_pack, ask_to_stop, send_cancellation, send_confirmation, send_shipping};

/// An order of the shop.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) item: String,
    pub(crate) quantity: i64,
    /// `placed`, `shipped` or `cancelled`.
    pub(crate) state: String,
    /// In seconds since 1970.
    pub(crate) placed_at: i64,
}

/// What somebody orders, once it is known to be an order.
pub(crate) struct NewOrder {
    email: String,
    item: String,
    quantity: i64,
}

/// Places an order; customer and warehouse are to hear of it.
pub(crate) async fn place(shop: &mut Connection<'_>, new: &NewOrder) -> Result<Order, ShopError> {
    crash::point("begin");
    let order = shop.insert_order(&new.email, &new.item, new.quantity).await?;
    crash::point("after-insert");
    send_confirmation::enqueue(order.id, order.email.clone())?;
    ask_to_pack::enqueue(order.id, order.item.clone(), order.quantity)?;
    crash::point("after-enqueue");
    // Where there is not enough, nobody hears of the order: it is rolled back with what it said.
    if !shop.take_from_stock(&order.item, order.quantity).await? {
        return Err(ShopError::SoldOut(order.item));
    }
    Ok(order)
}

/// Marks an order as shipped; the customer is to hear of it.
pub(crate) async fn ship(shop: &mut Connection<'_>, id: i64) -> Result<Order, ShopError> {
    let order = turn(shop, id, "shipped").await?;
    send_shipping::enqueue(order.id, order.email.clone())?;
    Ok(order)
}

/// Cancels an order; customer and warehouse are to hear of it.
pub(crate) async fn cancel(shop: &mut Connection<'_>, id: i64) -> Result<Order, ShopError> {
    let order = turn(shop, id, "cancelled").await?;
    send_cancellation::enqueue(order.id, order.email.clone())?;
    ask_to_stop::enqueue(order.id)?;
    shop.put_back_into_stock(&order.item, order.quantity).await?;
    Ok(order)
}

/// Only what is still open can be shipped or cancelled.
async fn turn(shop: &mut Connection<'_>, id: i64, state: &'static str) -> Result<Order, ShopError> {
    if let Some(order) = shop.turn_open_order(id, state).await? {
        return Ok(order);
    }
    let order = shop.order(id).await?.ok_or(ShopError::NoSuchOrder(id))?;
    Err(ShopError::NotOpen { id, is: order.state, wanted: state })
}

impl NewOrder {
    /// Looks at what somebody wrote; every mistake at once.
    pub(crate) fn check(
        email: &str,
        item: &str,
        quantity: &str,
        items: &[(String, i64)],
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let email = email.trim();
        if !is_address(email) {
            problems.push(Problem::new("email", "Write an address such as ada@example.com."));
        }
        if !items.iter().any(|(known, _)| known == item) {
            problems.push(Problem::new("item", "Choose one of the items that we have."));
        }
        let quantity =
            quantity.trim().parse().ok().filter(|quantity| (1..=1_000).contains(quantity));
        match quantity {
            Some(quantity) if problems.is_empty() => {
                Ok(Self { email: email.to_owned(), item: item.to_owned(), quantity })
            }
            Some(_) => Err(problems),
            None => {
                problems.push(Problem::new("quantity", "Write a whole number from 1 to 1000."));
                Err(problems)
            }
        }
    }
}

/// Whether mail could go there, as far as anybody can tell without sending some.
fn is_address(text: &str) -> bool {
    let plain = |part: &str| {
        let bad = |c: char| c.is_control() || c.is_whitespace() || "<>,;\"@".contains(c);
        !part.is_empty() && !part.contains(bad)
    };
    text.len() <= 254 && text.split_once('@').is_some_and(|(who, at)| plain(who) && plain(at))
}
