//! Types whose JSON another type reads, so far as their names tell.

/// Whether all JSON of the one type is JSON of the other, and means the same.
pub(super) fn fits(was: &str, is: &str) -> bool {
    if is.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>')) == Some(was) {
        return true;
    }
    match (integer(was), integer(is)) {
        (Some((signed, was)), Some((now_signed, is))) => {
            if signed == now_signed {
                was <= is
            } else {
                now_signed && was < is
            }
        }
        _ => was == "f32" && is == "f64",
    }
}

/// Whether it is signed, and how many bits it has.
fn integer(ty: &str) -> Option<(bool, u32)> {
    let (sign, bits) = ty.split_at_checked(1)?;
    let bits = bits.parse().ok().filter(|bits| [8, 16, 32, 64, 128].contains(bits))?;
    match sign {
        "i" => Some((true, bits)),
        "u" => Some((false, bits)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn wider_numbers_and_options_read_what_was_written() {
        for (was, is) in [("u8", "u64"), ("i8", "i16"), ("u32", "i64"), ("f32", "f64")] {
            assert!(fits(was, is) && !fits(is, was), "{was} {is}");
        }
        assert!(fits("Vec<u8>", "Option<Vec<u8>>") && !fits("Option<u8>", "u8"));
        for (was, is) in [("u64", "i64"), ("i8", "u64"), ("u64", "usize"), ("u64", "f64")] {
            assert!(!fits(was, is), "{was} {is}");
        }
        for (was, is) in [("u64", "String"), ("u", "u8"), ("é8", "u8"), ("", "u8")] {
            assert!(!fits(was, is), "{was} {is}");
        }
    }
}
