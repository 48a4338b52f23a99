//! Intents that were enqueued under the same policies, and lists of them.

use std::collections::VecDeque;

use crate::core::intent::Intent;
use crate::core::policy::chain::{self, Chain};

/// Captured segments of up to this many intents are copied into the segment before them instead of
/// appended: a thousand nested scopes of one intent each make one segment.
const SMALL: usize = 16;

/// Intents enqueued one after another under the same policies, in the same scope.
pub(crate) struct Segment {
    pub(crate) chain: Chain,
    /// How deep the scope is nested that they were enqueued in.
    pub(crate) level: u32,
    /// Whether they would have been rows of a transaction, if no capture were around.
    pub(crate) rows: bool,
    pub(crate) intents: Vec<Intent>,
}

/// Segments, in the order of their enqueue.
#[derive(Default)]
pub(super) struct Segments {
    list: VecDeque<Segment>,
    /// The number of intents of all.
    len: usize,
}

impl Segments {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Segment> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Segment> {
        self.list.iter_mut()
    }

    pub(super) fn push(&mut self, segment: Segment) {
        self.len += segment.intents.len();
        self.list.push_back(segment);
    }

    pub(super) fn push_front(&mut self, segment: Segment) {
        self.len += segment.intents.len();
        self.list.push_front(segment);
    }

    /// The same behind what is here, where a small one goes into the segment before it.
    pub(super) fn push_small(&mut self, mut segment: Segment) {
        if segment.intents.len() <= SMALL
            && let Some(last) = self.list.back_mut()
            && last.level == segment.level
            && last.rows == segment.rows
            && chain::is_same(&last.chain, &segment.chain)
        {
            self.len += segment.intents.len();
            last.intents.append(&mut segment.intents);
        } else {
            self.push(segment);
        }
    }

    /// Appends others. The fewer move to the more, so that scopes in scopes stay linear, whichever of them holds what.
    pub(super) fn append(&mut self, mut others: Self) {
        self.len += others.len;
        if self.list.len() < others.list.len() {
            std::mem::swap(&mut self.list, &mut others.list);
            others.list.drain(..).rev().for_each(|segment| self.list.push_front(segment));
        } else {
            self.list.append(&mut others.list);
        }
    }

    /// The only one, where there is no other.
    pub(super) fn pop_only(&mut self) -> Option<Segment> {
        if self.list.len() == 1 { self.list.pop_front() } else { None }
    }

    /// The segments, of which neighbours under the same policies are one, whatever scope they were enqueued in.
    pub(super) fn merged(self) -> Vec<Segment> {
        let mut merged: Vec<Segment> = Vec::new();
        for mut segment in self.list {
            match merged.last_mut() {
                Some(last) if chain::is_same(&last.chain, &segment.chain) => {
                    last.intents.append(&mut segment.intents);
                }
                _ => merged.push(segment),
            }
        }
        merged
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = Segment> {
        self.list.into_iter()
    }
}
