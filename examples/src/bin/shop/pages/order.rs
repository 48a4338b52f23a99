//! All orders, and one.

use maud::{Markup, html};

use super::effects;
use super::layout::{badge, page as layout, time};
use crate::orders::Order;
use crate::record::Record;

/// The last orders, of so many.
pub(crate) fn list(orders: &[Order], count: i64) -> Markup {
    layout(
        "Orders",
        Some("/orders"),
        &html! {
            h1 { "Orders" }
            @if orders.is_empty() {
                p { "There are none yet. " a href="/orders/new" { "Place the first one" } "." }
            } @else {
                p {
                    (count) @if count == 1 { " order" } @else { " orders" }
                    @if usize::try_from(count) != Ok(orders.len()) { ", of which these are the last" }
                    "."
                }
                div .wide role="region" aria-label="The last orders" tabindex="0" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Order" } th scope="col" { "Customer" }
                                th scope="col" { "Item" } th scope="col" .number { "Quantity" }
                                th scope="col" { "State" } th scope="col" { "Placed" }
                            }
                        }
                        tbody {
                            @for order in orders {
                                tr {
                                    th scope="row" { a href={ "/orders/" (order.id) } { "Order " (order.id) } }
                                    td { (order.email) } td { (order.item) }
                                    td .number { (order.quantity) }
                                    td { (badge(&order.state, &order.state)) }
                                    td { (time(order.placed_at)) }
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// One order, with what can be done, and what was.
pub(crate) fn page(order: &Order, records: &[Record]) -> Markup {
    let title = format!("Order {}", order.id);
    layout(
        &title,
        None,
        &html! {
            h1 { (title) }
            dl {
                dt { "State" } dd { (badge(&order.state, &order.state)) }
                dt { "Customer" } dd { (order.email) }
                dt { "Item" } dd { (order.quantity) " × " (order.item) }
                dt { "Placed" } dd { (time(order.placed_at)) }
            }
            @if order.state == "placed" {
                div .actions {
                    form method="post" action={ "/orders/" (order.id) "/ship" } {
                        button type="submit" { "Ship the order" }
                    }
                    form method="post" action={ "/orders/" (order.id) "/cancel" } {
                        button type="submit" .quiet { "Cancel the order" }
                    }
                }
            }
            h2 { "What requests asked for" }
            p { a href="" { "Load again" } " to see what the worker has done since." }
            (effects::list(records))
        },
    )
}
