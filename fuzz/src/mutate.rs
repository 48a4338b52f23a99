//! Inputs made of others.

use fastrand::Rng;

/// What breaks readers of JSON, whatever it is about.
const HARD: &[&str] = &[
    "null",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-0",
    "-1",
    "1e999",
    "-1e-999",
    "18446744073709551616",
    "0.1e1",
    "true",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\u{202e}\"",
    "\u{feff}",
    "{\"a\":",
    "[[[[[[[[",
    "]]]]",
    "}}",
    ",",
    ":",
    "\\",
    "\r\n",
    "\u{1b}[2J",
    "\"9999-12-31T23:59:59Z\"",
    "\"0000-01-01T00:00:00\"",
    "\"2026-02-30T00:00:00\"",
];

/// An input made of one or two of those that are known.
pub(crate) fn next(known: &[Vec<u8>], words: &[&str], random: &mut Rng) -> Vec<u8> {
    let mut input = random.choice(known).cloned().unwrap_or_default();
    for _ in 0..random.usize(0..6) {
        let at = random.usize(0..=input.len());
        let end = (at + random.usize(0..64)).min(input.len());
        match random.u8(0..9) {
            0 => drop(input.splice(at..end, [])),
            1 => {
                let word = if random.bool() { random.choice(HARD) } else { random.choice(words) };
                drop(
                    input.splice(
                        at..at,
                        word.map_or(&b""[..], |word| word.as_bytes()).iter().copied(),
                    ),
                );
            }
            2 => {
                let word = if random.bool() { random.choice(HARD) } else { random.choice(words) };
                drop(input.splice(
                    at..end,
                    word.map_or(&b""[..], |word| word.as_bytes()).iter().copied(),
                ));
            }
            3 if at < input.len() => input[at] ^= 1 << random.u8(0..8),
            4 if at < input.len() => input[at] = random.u8(..),
            5 => {
                let part = input[at..end].to_vec();
                drop(input.splice(at..at, part));
            }
            // The end of another one.
            6 => {
                if let Some(other) = random.choice(known) {
                    input.truncate(at);
                    input.extend_from_slice(&other[random.usize(0..=other.len())..]);
                }
            }
            // A value in place of one.
            7 => replace_value(&mut input, words, random),
            8 if random.u8(0..32) == 0 => {
                let part = input[at..end].to_vec();
                let times = random.usize(1..2_000);
                drop(input.splice(at..at, part.repeat(times)));
            }
            _ => {}
        }
    }
    input
}

/// Replaces what stands between a colon or comma and the next comma or bracket.
fn replace_value(input: &mut Vec<u8>, words: &[&str], random: &mut Rng) {
    let starts: Vec<_> = (0..input.len()).filter(|at| b":,[".contains(&input[*at])).collect();
    let Some(start) = random.choice(starts) else { return };
    let rest = &input[start + 1..];
    let length = rest.iter().position(|byte| b",]}".contains(byte)).unwrap_or(rest.len());
    let all = [HARD, words].concat();
    let word = random.choice(&all).copied().unwrap_or_default();
    drop(input.splice(start + 1..start + 1 + length, word.bytes()));
}
