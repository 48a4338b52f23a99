//! Programs of nested scopes and policies: every policy in force where an intent was enqueued decides whether it leaves,
//! however the scopes around it end or release it.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use airlock::{DropAll, Intent, Scope, allow_only, block_tasks};

use super::Target;

#[airlock::task(name = "fuzz.one")]
fn one(n: u64) {
    let _ = n;
}

#[airlock::task(name = "fuzz.two")]
fn two(n: u64) {
    let _ = n;
}

pub(crate) const TARGET: Target = Target {
    name: "nesting",
    seeds: &["se1e2)", "se1lbe1e2)de1))", "sbre1sae2)f)", "slalbe1)e2)se1se2se1f)r))"],
    words: &[
        "s", "e1", "e2", ")", "la", "lb", "sd", "sr", "sx", "l2", "s2e1", "f)", "p)", "sbsbsb",
    ],
    read,
};

/// Which of the two tasks a policy lets pass.
#[derive(Clone, Copy)]
struct Passes(bool, bool);

impl Passes {
    fn and(self, other: Self) -> Self {
        Self(self.0 && other.0, self.1 && other.1)
    }
}

/// What a program has done, and what is to come of it.
#[derive(Default)]
struct World {
    next: u64,
    /// Those that all policies in force at their enqueue let pass.
    passing: BTreeSet<u64>,
    /// The scopes that are open: whether each releases what those inside leave to it, and what it holds.
    open: Vec<(bool, Vec<u64>)>,
    /// What has left, or will have.
    leaves: BTreeSet<u64>,
}

impl World {
    /// A scope has succeeded: what it holds is the nearest enclosing one's that does not release it.
    fn end(&mut self, held: Vec<u64>) {
        match self.open.iter_mut().rev().find(|(releases, _)| !releases) {
            Some((_, enclosing)) => enclosing.extend(held),
            None => self.leaves.extend(held.into_iter().filter(|n| self.passing.contains(n))),
        }
    }
}

struct Program<'p> {
    rest: &'p [u8],
    world: World,
    left: Arc<Mutex<Vec<u64>>>,
    budget: usize,
}

const DEEPEST: usize = 24;

impl Program<'_> {
    fn step(&mut self) -> Option<u8> {
        self.budget = self.budget.checked_sub(1)?;
        let (first, after) = self.rest.split_first()?;
        self.rest = after;
        Some(*first)
    }

    fn enqueue(&mut self, force: Passes) {
        let is_two = self.step() == Some(b'2');
        self.world.next += 1;
        let n = self.world.next;
        let enqueued = if is_two { two::enqueue(n) } else { one::enqueue(n) };
        if let (Ok(()), Some((_, held))) = (enqueued, self.world.open.last_mut()) {
            held.push(n);
            if if is_two { force.1 } else { force.0 } {
                self.world.passing.insert(n);
            }
        }
    }

    /// Runs a block to its end; whether it has succeeded.
    fn block(&mut self, force: Passes, depth: usize) -> bool {
        loop {
            match self.step() {
                None | Some(b')') => return true,
                Some(b'f') => return false,
                Some(b'e') => self.enqueue(force),
                Some(b'l') if depth < DEEPEST => self.local(force, depth + 1),
                Some(b's') if depth < DEEPEST => self.scope(force, depth + 1),
                Some(_) => {}
            }
        }
    }

    fn local(&mut self, force: Passes, depth: usize) {
        let kind = self.step();
        let force = force.and(policy_of(kind).0);
        match kind {
            Some(b'a') => airlock::policy(allow_only![one]).run(|| self.block(force, depth)),
            Some(b'b') => airlock::policy(block_tasks![one]).run(|| self.block(force, depth)),
            Some(b'x') => {
                airlock::policy(block_tasks![two].refuse()).run(|| self.block(force, depth))
            }
            Some(b'd') => airlock::policy(DropAll).run(|| self.block(force, depth)),
            _ => self.block(force, depth),
        };
    }

    fn scope(&mut self, force: Passes, depth: usize) {
        let (passes, scope) = policy_of(self.step());
        let releases = self.rest.first() == Some(&b'r');
        let left = Arc::clone(&self.left);
        let mut scope = scope.executor(move |intent: Intent| {
            let n = intent.arguments()["n"].as_u64().expect("its number");
            left.lock().expect("unpoisoned").push(n);
            Ok::<_, Infallible>(())
        });
        if releases {
            scope = scope.release_all();
        }
        self.world.open.push((releases, Vec::new()));
        let (succeeded, sealed) = scope.seal(|| self.block(force.and(passes), depth));
        let (_, held) = self.world.open.pop().expect("it was put there");
        if succeeded {
            sealed.flush().expect("nothing fails");
            self.world.end(held);
        } else {
            sealed.discard();
        }
    }
}

fn policy_of(kind: Option<u8>) -> (Passes, Scope) {
    let scope = airlock::scope();
    match kind {
        Some(b'a') => (Passes(true, false), scope.policy(allow_only![one])),
        Some(b'b') => (Passes(false, true), scope.policy(block_tasks![one])),
        Some(b'x') => (Passes(true, false), scope.policy(block_tasks![two].refuse())),
        Some(b'd') => (Passes(false, false), scope.policy(DropAll)),
        _ => (Passes(true, true), scope),
    }
}

fn read(input: &[u8]) -> String {
    let mut program =
        Program { rest: input, world: World::default(), left: Arc::default(), budget: 2_000 };
    while !program.rest.is_empty() && program.budget > 0 {
        program.block(Passes(true, true), 0);
    }
    let left = program.left.lock().expect("unpoisoned").clone();
    let once: BTreeSet<u64> = left.iter().copied().collect();
    assert_eq!(left.len(), once.len(), "one left twice: {left:?}");
    let World { next, leaves, passing, .. } = &program.world;
    assert_eq!(&once, leaves);
    // How far a program goes is the kind of its answer.
    let size = |count: usize| "i".repeat(count.min(64).next_power_of_two().ilog2() as usize);
    format!("{} {} {}", size(left.len()), size(passing.len()), size(*next as usize))
}
