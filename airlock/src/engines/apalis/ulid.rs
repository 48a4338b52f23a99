//! Ids as apalis has them.

use uuid::Uuid;

/// apalis reads ids as ULIDs, which are 128 bits in Crockford's base 32.
///
/// An envelope's id is a UUID v7, and both begin with the time: so the order of these texts is the
/// order of the flush, which is the order in which jobs of the same second run.
pub(super) fn ulid(id: Uuid) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digit = |place: u32| DIGITS[(id.as_u128() >> (5 * place)) as usize & 31];
    (0..26).rev().map(|place| char::from(digit(place))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_apalis_reads_it() {
        assert_eq!(ulid(Uuid::from_u128(u128::MAX)), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(ulid(Uuid::from_u128(0)), "0".repeat(26));
        let id = Uuid::from_u128(0x0156_3E3A_B5D3_D676_4C61_EFB9_9302_BD5B);
        assert_eq!(ulid(id), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    }

    #[test]
    fn ids_sort_as_they_were_made() {
        let ids: Vec<_> = (0..10_000).map(|_| ulid(Uuid::now_v7())).collect();
        assert!(ids.is_sorted());
    }
}
