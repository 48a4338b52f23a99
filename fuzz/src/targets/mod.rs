//! What is fuzzed.

mod celery;
mod dramatiq;
mod envelope;
mod headers;
mod nesting;

/// Something that reads inputs.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// The inputs that others are made of.
    pub(crate) seeds: &'static [&'static str],
    /// What is put into inputs beside what breaks any reader.
    pub(crate) words: &'static [&'static str],
    /// Reads an input, and panics where the answer is not one that it may give.
    pub(crate) read: fn(&[u8]) -> String,
}

pub(crate) const TARGETS: &[Target] =
    &[envelope::TARGET, celery::TARGET, headers::TARGET, dramatiq::TARGET, nesting::TARGET];

/// A task that takes what can arrive.
#[airlock::task(name = "mail.confirmation")]
pub(crate) fn mail(
    order_id: u64,
    note: Option<String>,
    #[secret] token: String,
    #[default] rates: Vec<f64>,
) {
    let _ = (order_id, note, token, rates);
}

/// What an input may not bring into an answer: it is the value of a secret argument.
pub(crate) const SECRET: &str = "s3cr3t-t0k3n";

/// An error's text, which is one line without what a terminal obeys, without a secret, and short.
pub(crate) fn harmless(error: String) -> String {
    assert!(!error.chars().any(char::is_control), "{error:?}");
    assert!(!error.contains(['\u{202e}', '\u{2066}', '\u{2028}']), "{error:?}");
    // What stands in place of a name is said.
    let names = [
        "its content is `",
        "its encoding is `",
        "its header `",
        "it is compressed (",
        "no task is named `",
        "has no argument `",
    ];
    assert!(!error.contains(SECRET) || names.iter().any(|name| error.contains(name)), "{error:?}");
    assert!(error.len() < 8_192, "{} bytes", error.len());
    error
}
