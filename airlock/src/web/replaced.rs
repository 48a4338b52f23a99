//! The headers of a response that is replaced because its request's effects could not leave.
//!
//! A browser shows no answer to a script without the headers of CORS, and a request is found in a log by its id: both
//! are often set by what is inside the scope, and hold for the answer as well.

/// The headers that the answer keeps: those that don't describe the replaced response and that the answer doesn't set
/// itself.
pub(crate) fn kept<N: AsRef<str>, V: AsRef<[u8]>>(
    given: impl IntoIterator<Item = (N, V)>,
    set: impl Fn(&N) -> bool,
) -> Vec<(N, V)> {
    let stays = |(name, value): &(N, V)| stays(name.as_ref(), value.as_ref()) && !set(name);
    given.into_iter().filter(stays).collect()
}

/// Of the body, how long it may be stored, and the protocol that the connection was to change to.
const DESCRIBE_THE_RESPONSE: [&str; 25] = [
    "accept-ranges",
    "age",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "digest",
    "etag",
    "expires",
    "grpc-encoding",
    "grpc-message",
    "grpc-status",
    "grpc-status-details-bin",
    "last-modified",
    "repr-digest",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
    "trailer",
    "transfer-encoding",
];

fn stays(name: &str, value: &[u8]) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if is("cache-control") {
        // A failure is not stored either.
        contains(value, "no-store")
    } else if is("connection") {
        !contains(value, "upgrade")
    } else {
        !is("upgrade") && !DESCRIBE_THE_RESPONSE.into_iter().any(is)
    }
}

/// Whether a list of words has this one.
fn contains(list: &[u8], word: &str) -> bool {
    let words = list.split(|byte| *byte == b',');
    words.into_iter().any(|found| found.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}
