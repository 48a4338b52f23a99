//! What requests asked for, and what became of it.

use maud::{Markup, html};

use super::layout::{badge, page as layout, time};
use crate::record::{Effect, Record, Since};

/// The last requests of all.
pub(crate) fn page(records: &[Record]) -> Markup {
    layout(
        "Effects",
        Some("/effects"),
        &html! {
            h1 { "Effects" }
            p { "What the last requests asked for, and what became of it. A request that failed has told nobody." }
            (list(records))
        },
    )
}

/// Each request with its effects, the newest first.
pub(super) fn list(records: &[Record]) -> Markup {
    html! {
        @if records.is_empty() { p { "There was no request yet." } }
        @for record in records {
            section .request aria-labelledby={ "request-" (record.id) } {
                h3 id={ "request-" (record.id) } { "Request " (record.id) ": " (record.name) }
                p {
                    (time(record.at)) ". "
                    @match record.order_id {
                        Some(order_id) => { a href={ "/orders/" (order_id) } { (record.outcome) } }
                        None => { (record.outcome) }
                    }
                }
                @if record.effects.is_empty() { p { "It asked for nothing." } }
                @else { (table(record)) }
            }
        }
    }
}

fn table(record: &Record) -> Markup {
    html! {
        div .wide role="region" aria-label={ "Effects of request " (record.id) } tabindex="0" {
            table {
                caption { "Effects of request " (record.id) }
                thead {
                    tr {
                        th scope="col" { "Task" } th scope="col" { "Arguments" }
                        th scope="col" { "With the commit" } th scope="col" { "Since" }
                    }
                }
                tbody {
                    @for effect in &record.effects {
                        tr {
                            th scope="row" { code { (effect.task) } }
                            td { (arguments(effect)) }
                            td { (badge(kind(&effect.fate), &effect.fate)) }
                            td { (since(&effect.since)) }
                        }
                    }
                }
            }
        }
    }
}

/// As a call shows them.
fn arguments(effect: &Effect) -> Markup {
    let Some(arguments) = effect.arguments.as_object() else { return html! { (effect.arguments) } };
    html! {
        @for (index, (name, value)) in arguments.iter().enumerate() {
            @if index > 0 { ", " }
            (name) ": " (value)
        }
    }
}

fn since(since: &Since) -> Markup {
    match since {
        Since::Nothing => html! { "nothing" },
        Since::Waiting => badge("waiting", "waits for the worker"),
        Since::Done(file) => html! {
            (badge("done", "done by the worker")) " " a href={ "/mails/" (file) } { (file) }
        },
        Since::GivenUp(why) => html! { (badge("failed", "given up")) " " (why) },
    }
}

/// The first word of a fate: its colour.
fn kind(fate: &str) -> &str {
    fate.split([' ', ':']).next().unwrap_or_default()
}
