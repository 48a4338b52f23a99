//! What all pages have.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

const PLACES: [(&str, &str); 3] =
    [("/orders", "Orders"), ("/orders/new", "Place an order"), ("/effects", "Effects")];

/// A page; `at` is its place in the navigation, where it has one.
pub(super) fn page(title: &str, at: Option<&str>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Shop" }
                link rel="stylesheet" href="/style.css";
                // Else browsers ask for an icon.
                link rel="icon" href="data:,";
            }
            body {
                a .skip href="#content" { "Skip to the content" }
                header {
                    nav aria-label="Pages" {
                        ul {
                            @for (place, name) in PLACES {
                                li {
                                    a href=(place) aria-current=[(at == Some(place)).then_some("page")] {
                                        (name)
                                    }
                                }
                            }
                        }
                    }
                }
                main id="content" tabindex="-1" { (content) }
            }
        }
    }
}

/// A moment, as people and machines read it.
pub(super) fn time(seconds: i64) -> Markup {
    let Ok(time) = Timestamp::from_second(seconds) else { return html! { "unknown" } };
    html! { time datetime=(time) { (time.strftime("%Y-%m-%d %H:%M:%S")) " UTC" } }
}

/// A state or a fate, which has its colour besides its text.
pub(super) fn badge(kind: &str, text: &str) -> Markup {
    html! { span class={ "badge " (kind) } { (text) } }
}
