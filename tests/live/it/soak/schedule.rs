//! What happens when, by a seed: the same one gives the same again.

use std::time::Duration;

/// Numbers that look random: `SplitMix64` (Steele, Lea and Flood, 2014).
pub(super) struct Schedule(u64);

impl Schedule {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a small number");
        usize::try_from(self.number() % bound).expect("below a small number")
    }

    /// Once in so many times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// From 200 milliseconds to so many.
    pub(super) fn duration(&mut self, longest: u64) -> Duration {
        Duration::from_millis(200 + self.number() % (longest - 199))
    }
}
