//! What a seed makes: executors in executors, and how their flush ends.

use airlock::OnFailure;

#[derive(Debug)]
pub(super) struct Program {
    pub(super) tree: Tree,
    pub(super) intents: u64,
    pub(super) on_failure: OnFailure,
    /// At most so many intents are one batch.
    pub(super) chunks: Option<usize>,
    /// A policy drops each intent whose number is a multiple.
    pub(super) drops: Option<u64>,
    /// The flush is dropped after so many polls.
    pub(super) polls: Option<usize>,
    sync: bool,
}

/// Executors in executors.
#[derive(Debug)]
pub(super) enum Tree {
    /// Takes whole batches, each as one of these acts says, over and over.
    Engine(Vec<Act>),
    /// Takes one intent after another, as a closure does; each ends as one of these says.
    Closure(Vec<One>),
    /// Runs tasks, which enqueue others and fail now and then.
    Inline,
    Retry(u32, Box<Tree>),
    Timeout(Box<Tree>),
    Fallback(Box<Tree>, Box<Tree>),
    /// The multiples of a number go to the first, the others to the second.
    Route(u64, Box<Tree>, Box<Tree>),
}

/// What an engine does with one batch; indices are taken modulo its length.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Answers for the batch as a whole.
    Whole {
        yields: usize,
        ends: Ends,
        /// Which it holds the unique keys of, a bit an intent.
        duplicates: u8,
        takes: bool,
    },
    /// Sends so many intents at a time, and ends at the window that begins with `stop`.
    Windows { size: usize, stop: usize, ends: Midway },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ends {
    Well,
    At(usize),
    Only(usize),
    /// A bit an intent.
    Each(u16),
    All,
    Refused,
    Panics,
    Hangs,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Midway {
    Fails,
    Panics,
    Hangs,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum One {
    Sends,
    Fails,
    Panics,
}

impl Program {
    pub(super) fn random(seed: u64) -> Self {
        let mut random = Random(seed);
        let tree = random.tree(4);
        let sync = !tree.waits() && random.one_in(4);
        Self {
            tree,
            intents: 1 + random.below(12),
            on_failure: if random.one_in(2) { OnFailure::Continue } else { OnFailure::Stop },
            chunks: random.one_in(3).then(|| random.index(1..6)),
            drops: random.one_in(4).then(|| 2 + random.below(4)),
            polls: (!sync && random.one_in(2)).then(|| random.index(1..14)),
            sync,
        }
    }

    /// The numbers of the intents that the policy drops.
    pub(super) fn dropped(&self) -> Vec<u64> {
        let is_dropped = |n: &u64| self.drops.is_some_and(|every| n.is_multiple_of(every));
        (0..self.intents).filter(is_dropped).collect()
    }

    /// It is flushed from sync code, where no clock can be stopped.
    pub(super) fn is_sync(&self) -> bool {
        self.sync
    }
}

impl Tree {
    /// Whether it waits for a time.
    fn waits(&self) -> bool {
        match self {
            Self::Engine(acts) => acts.iter().any(Act::hangs),
            Self::Closure(_) | Self::Inline => false,
            Self::Retry(..) | Self::Timeout(_) => true,
            Self::Fallback(first, second) | Self::Route(_, first, second) => {
                first.waits() || second.waits()
            }
        }
    }
}

impl Act {
    fn hangs(&self) -> bool {
        matches!(
            self,
            Self::Whole { ends: Ends::Hangs, .. } | Self::Windows { ends: Midway::Hangs, .. }
        )
    }
}

/// splitmix64: any seed gives a good sequence.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn index(&mut self, range: std::ops::Range<usize>) -> usize {
        let length = u64::try_from(range.len()).expect("it is short");
        range.start + usize::try_from(self.below(length)).expect("it is short")
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn list<T>(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.index(1..most)).map(|_| item(self)).collect()
    }

    fn tree(&mut self, depth: u32) -> Tree {
        let leaf = depth == 0 || self.one_in(4);
        let inner = |random: &mut Self| Box::new(random.tree(depth - 1));
        match if leaf { self.below(5) } else { 5 + self.below(4) } {
            0..=2 => Tree::Engine(self.list(5, Self::act)),
            3 => Tree::Closure(self.list(8, Self::one)),
            4 => Tree::Inline,
            5 => Tree::Retry(u32::try_from(1 + self.below(3)).expect("it is small"), inner(self)),
            6 => Tree::Timeout(inner(self)),
            7 => Tree::Fallback(inner(self), inner(self)),
            _ => Tree::Route(2 + self.below(2), inner(self), inner(self)),
        }
    }

    fn act(&mut self) -> Act {
        if self.one_in(3) {
            let ends = [Midway::Fails, Midway::Panics, Midway::Hangs];
            return Act::Windows {
                size: self.index(1..4),
                stop: self.index(0..12),
                ends: ends[self.index(0..3)],
            };
        }
        let ends = match self.below(14) {
            0..=2 => Ends::Well,
            3..=5 => Ends::At(self.index(0..8)),
            6 => Ends::Only(self.index(0..8)),
            7..=9 => Ends::Each(u16::try_from(self.below(1 << 16)).expect("16 bits")),
            10 => Ends::All,
            11 => Ends::Refused,
            12 => Ends::Panics,
            _ => Ends::Hangs,
        };
        let duplicates = if self.one_in(2) { self.below(1 << 8) } else { 0 };
        Act::Whole {
            yields: self.index(0..3),
            ends,
            duplicates: u8::try_from(duplicates).expect("8 bits"),
            takes: self.one_in(2),
        }
    }

    fn one(&mut self) -> One {
        match self.below(8) {
            0 => One::Fails,
            1 => One::Panics,
            _ => One::Sends,
        }
    }
}
