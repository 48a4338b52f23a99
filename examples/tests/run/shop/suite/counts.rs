//! Orders against their effects.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

/// An order as the database has it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) state: String,
    /// How many records have told the queue of it.
    pub(crate) records: i64,
}

impl Row {
    /// Reads its fields in their order.
    pub(crate) const SELECT: &str = "SELECT id, email, state, (
        SELECT count(*) FROM shop_requests WHERE order_id = shop_orders.id AND effects LIKE '%dispatched%'
    ) FROM shop_orders ORDER BY id";
}

/// What does not fit together, and how much does.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) orders: usize,
    pub(crate) effects: usize,
    /// Orders that somebody has not heard of.
    pub(crate) without_effects: Vec<String>,
    /// Orders whose changes the page of effects does not show.
    pub(crate) without_record: Vec<String>,
    /// Mails about what has not happened.
    pub(crate) without_order: Vec<String>,
}

impl Counts {
    /// Looks at every order and at every mail.
    pub(crate) fn of(orders: &[Row], data: &Path) -> Self {
        let mut mails = mails(&data.join("mails"));
        let mut counts = Self { orders: orders.len(), effects: mails.len(), ..Self::default() };
        for order in orders {
            if order.records != 1 + i64::from(order.state != "placed") {
                counts.without_record.push(format!("{order:?}"));
            }
            for (kind, to) in expected(order) {
                match mails.remove(&(order.id, kind.to_owned())) {
                    Some(receiver) if receiver == to => {}
                    Some(receiver) => {
                        let other =
                            format!("{kind} of order {}: to {receiver}, not to {to}", order.id);
                        counts.without_order.push(other);
                    }
                    None => counts.without_effects.push(format!("{kind} of {order:?}")),
                }
            }
        }
        let left =
            mails.into_iter().map(|((id, kind), to)| format!("{kind} of order {id}: to {to}"));
        counts.without_order.extend(left);
        counts
    }

    /// # Panics
    ///
    /// Where anything does not fit together.
    #[track_caller]
    pub(crate) fn check(&self) {
        assert!(self.without_effects.is_empty(), "{:#?}", self.without_effects);
        assert!(self.without_order.is_empty(), "{:#?}", self.without_order);
        assert!(self.without_record.is_empty(), "{:#?}", self.without_record);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} orders, {} effects; orders without their effects: {}; effects without their order: {}; \
             orders without their records: {}",
            self.orders,
            self.effects,
            self.without_effects.len(),
            self.without_order.len(),
            self.without_record.len()
        )
    }
}

/// Orders of which a client was told that they are placed, and which are not there.
pub(crate) fn lost<'a>(told: impl IntoIterator<Item = &'a String>, orders: &[Row]) -> usize {
    let there: BTreeSet<&String> = orders.iter().map(|order| &order.email).collect();
    told.into_iter().filter(|email| !there.contains(email)).count()
}

/// Who is to hear what of an order.
fn expected(order: &Row) -> Vec<(&'static str, &str)> {
    const WAREHOUSE: &str = "warehouse@shop.example";
    let mut expected = vec![("confirmation", order.email.as_str()), ("pack", WAREHOUSE)];
    match order.state.as_str() {
        "shipped" => expected.push(("shipping", &order.email)),
        "cancelled" => {
            expected.extend([("cancellation", order.email.as_str()), ("stop", WAREHOUSE)]);
        }
        _ => {}
    }
    expected
}

/// Each mail's order and kind, and its receiver. What was not finished when a process died is no mail.
fn mails(folder: &Path) -> BTreeMap<(i64, String), String> {
    let files = fs::read_dir(folder)
        .expect("the shop has made it")
        .map(|file| file.expect("it can be listed"));
    let named = files.filter_map(|file| {
        let name = file.file_name().into_string().expect("names are ASCII");
        let (order, kind) = name.strip_suffix(".txt")?.split_once('-')?;
        let text = fs::read_to_string(file.path()).expect("it can be read");
        let to = text.lines().next().and_then(|line| line.strip_prefix("To: "));
        let to = to.unwrap_or_else(|| panic!("{name} is half a mail: {text:?}"));
        assert!(text.ends_with(".\n"), "{name} is half a mail: {text:?}");
        Some(((order.parse().expect("a number"), kind.to_owned()), to.to_owned()))
    });
    named.collect()
}
