//! What tests make of a seed.

use std::ops::Range;

pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn index(&mut self, range: Range<usize>) -> usize {
        let length = u64::try_from(range.len()).expect("it is short");
        range.start + usize::try_from(self.next() % length).expect("it is short")
    }

    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.index(0..many) == 0
    }

    /// Some of the indices, in order.
    pub(super) fn some_of(&mut self, range: Range<usize>) -> Vec<usize> {
        range.filter(|_| self.one_in(3)).collect()
    }
}
