//! The scheme of an engine's URL, which not every library looks at: sqlx takes any for PostgreSQL's, and any text for
//! the name of an SQLite file.

use crate::worker::engine_error::EngineError;

/// Refuses a URL of another scheme than `schemes`. The error has nothing of the URL but its scheme: there may be a
/// password in the rest.
pub(crate) fn check(
    url: &str,
    engine: &str,
    schemes: &[&str],
    example: &'static str,
) -> Result<(), EngineError> {
    let Some(scheme) = of(url) else { return Ok(()) };
    if schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return Ok(());
    }
    let listed: Vec<_> = schemes.iter().map(|known| format!("`{known}`")).collect();
    let wrong = format!("its scheme is `{scheme}`, where {engine} has {}", listed.join(", "));
    Err(EngineError::new("read the URL of", engine, wrong).next_step(example))
}

/// The same, and refuses a URL without a scheme.
#[cfg(any(feature = "_postgres", feature = "_rabbitmq"))]
pub(crate) fn require(
    url: &str,
    engine: &str,
    schemes: &[&str],
    example: &'static str,
) -> Result<(), EngineError> {
    if of(url).is_none() {
        let error = EngineError::new("read the URL of", engine, "it has no scheme");
        return Err(error.next_step(example));
    }
    check(url, engine, schemes, example)
}

/// What stands before `://`, if that can be a scheme.
fn of(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once("://")?;
    let letters = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    (letters && scheme.starts_with(|first: char| first.is_ascii_alphabetic())).then_some(scheme)
}
