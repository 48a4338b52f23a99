//! The keys of a queue, as Celery's transport options decide them.

use crate::core::task::called::BoxError;
use crate::engines::shared::redis::UniqueKey;
use crate::engines::shared::reserved;

/// Celery's priorities over Redis, the highest first: each has a list of its own.
///
/// Source: `kombu/transport/redis.py`, `PRIORITY_STEPS`.
const STEPS: [u8; 4] = [0, 3, 6, 9];

/// What stands between a queue's name and a step.
const SEPARATOR: &str = "\u{6}\u{16}";

/// The lowest of Celery's priorities over Redis: kombu cuts what is beyond it.
const LOWEST: u8 = 9;

/// Where Celery's messages lie, by its transport options of these names.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) global_keyprefix: String,
    pub(super) sep: String,
    pub(super) priority_steps: Vec<u8>,
}

impl Default for Keys {
    fn default() -> Self {
        let (global_keyprefix, sep) = (String::new(), SEPARATOR.to_owned());
        Self { global_keyprefix, sep, priority_steps: STEPS.to_vec() }
    }
}

/// Refuses steps that Celery could not have, with what to write.
pub(super) fn check_steps(steps: &[u8]) -> Result<(), String> {
    if steps.is_empty() {
        return Err("there is no step: write Celery's `priority_steps`, as `[0, 3, 6, 9]`".into());
    }
    if let Some(step) = steps.iter().find(|step| **step > LOWEST) {
        return Err(format!(
            "Celery's priorities over Redis are 0 to {LOWEST}, and nothing lies under {step}: leave it out"
        ));
    }
    match steps.iter().zip(&steps[1..]).find(|(one, next)| one >= next) {
        Some((one, next)) => Err(format!(
            "steps ascend, and {next} comes after {one}: write them in order, each once"
        )),
        None => Ok(()),
    }
}

/// What a message is kept behind: the number of its list, counted from 1, as one byte. The tenth is `:`.
pub(super) fn mark(list: usize) -> u8 {
    b'0'.saturating_add(u8::try_from(list).unwrap_or(u8::MAX))
}

impl Keys {
    /// The step of a priority of ours, of which the highest is 255. Without one it is that of Celery's 0, which is
    /// Celery's default.
    pub(super) fn step_of(&self, priority: Option<u8>) -> u8 {
        let steps = &self.priority_steps;
        let last = steps.len() - 1;
        let place = match priority {
            Some(priority) => last - usize::from(priority) * steps.len() / 256,
            None if steps[0] == 0 => 0,
            // Source: `kombu/transport/redis.py`, `priority`: what is before the first step is of the last.
            None => last,
        };
        steps[place]
    }

    /// The list of a queue's messages of one step.
    pub(super) fn list(&self, queue: &str, step: u8) -> String {
        let Self { global_keyprefix, sep, .. } = self;
        if step == 0 {
            format!("{global_keyprefix}{queue}")
        } else {
            format!("{global_keyprefix}{queue}{sep}{step}")
        }
    }

    /// The lists of a queue, the highest priority first.
    pub(super) fn lists(&self, queue: &str) -> Vec<String> {
        self.priority_steps.iter().map(|step| self.list(queue, *step)).collect()
    }

    /// Refuses a queue whose list is one of the keys below of another queue, or whose name Celery can't tell from a
    /// step's.
    pub(super) fn check(&self, queue: &str) -> Result<(), BoxError> {
        let endings = [
            ".held",
            ".leases",
            ".begun",
            ".deaths",
            ".seen",
            ".delayed",
            ".dead",
            ".dead.bodies",
            ".dead.since",
        ];
        reserved::check(queue, &endings)?;
        if queue.contains(&self.sep) {
            return Err(format!(
                "the name `{}` contains {:?}, which stands between a queue and its priority: Celery would look for another \
                 queue: choose a name without it, or another `sep` on both sides",
                queue.escape_debug(),
                self.sep
            )
            .into());
        }
        Ok(())
    }

    /// The messages that workers hold, by tag.
    pub(super) fn held(&self, queue: &str) -> String {
        self.beside(queue, "held")
    }

    /// The leases of held messages: their tags, by when the lease ends.
    pub(super) fn leases(&self, queue: &str) -> String {
        self.beside(queue, "leases")
    }

    /// The tags of the messages that have begun.
    pub(super) fn begun(&self, queue: &str) -> String {
        self.beside(queue, "begun")
    }

    /// How many workers died while a message ran, by the message's digest; and behind an `r`, how many in a row had
    /// received it and not said that they had read it.
    pub(super) fn deaths(&self, queue: &str) -> String {
        self.beside(queue, "deaths")
    }

    /// When a worker last received messages or extended its leases.
    pub(super) fn seen(&self, queue: &str) -> String {
        self.beside(queue, "seen")
    }

    /// The messages that wait for their next attempt, by when it is due.
    pub(super) fn delayed(&self, queue: &str) -> String {
        self.beside(queue, "delayed")
    }

    /// The dead letters without their messages, by tag, which is their id.
    pub(super) fn dead(&self, queue: &str) -> String {
        self.beside(queue, "dead")
    }

    /// The messages of the dead letters, by tag.
    pub(super) fn dead_bodies(&self, queue: &str) -> String {
        self.beside(queue, "dead.bodies")
    }

    /// The tags of the dead letters, by since when they are dead.
    pub(super) fn dead_since(&self, queue: &str) -> String {
        self.beside(queue, "dead.since")
    }

    /// All of a queue's dead letters: these, since when they are, and their messages.
    pub(super) fn dead_letters(&self, queue: &str) -> [String; 3] {
        [self.dead(queue), self.dead_since(queue), self.dead_bodies(queue)]
    }

    /// What stands for an intent's unique key in a queue.
    pub(super) fn unique(&self, queue: &str, key: &str) -> String {
        format!("{}{}", self.global_keyprefix, UniqueKey::name(queue, key))
    }

    fn beside(&self, queue: &str, what: &str) -> String {
        format!("{}{queue}.{what}", self.global_keyprefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(steps: &[u8]) -> Keys {
        check_steps(steps).expect("good");
        Keys { priority_steps: steps.to_vec(), ..Keys::default() }
    }

    #[test]
    fn the_highest_priority_is_the_first_list() {
        let keys = Keys::default();
        assert_eq!(
            [255, 192, 191, 128, 127, 64, 63, 0].map(|own| keys.step_of(Some(own))),
            [0, 0, 3, 3, 6, 6, 9, 9]
        );
        assert_eq!(keys.step_of(None), 0);
        assert_eq!(keys.lists("q"), ["q", "q\u{6}\u{16}3", "q\u{6}\u{16}6", "q\u{6}\u{16}9"]);
    }

    #[test]
    fn priorities_are_spread_over_whatever_steps_there_are() {
        let all = steps(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(
            [255, 230, 229, 26, 25, 0].map(|own| all.step_of(Some(own))),
            [0, 1, 1, 8, 9, 9]
        );
        assert_eq!([255, 0].map(|own| steps(&[0]).step_of(Some(own))), [0, 0]);
        // Celery's 0 is before the first of these.
        assert_eq!(steps(&[2, 5]).step_of(None), 5);
    }

    #[test]
    fn every_key_has_the_prefix() {
        let keys = Keys { global_keyprefix: "shop_".into(), sep: ":".into(), ..Keys::default() };
        assert_eq!(keys.lists("q"), ["shop_q", "shop_q:3", "shop_q:6", "shop_q:9"]);
        assert_eq!(keys.dead_since("q"), "shop_q.dead.since");
        assert_eq!(keys.unique("q", "k"), "shop_airlock:unique:1:q:k");
    }

    #[test]
    fn what_celery_could_not_have_is_refused_with_what_to_write() {
        let refused = |steps: &[u8]| check_steps(steps).expect_err("refused");
        assert!(refused(&[]).contains("write Celery's `priority_steps`"));
        assert!(refused(&[0, 12]).contains("nothing lies under 12: leave it out"));
        assert!(refused(&[0, 6, 3]).contains("3 comes after 6: write them in order"));
        assert!(refused(&[0, 0]).contains("0 comes after 0"));
        let keys = Keys { sep: ":".into(), ..Keys::default() };
        let error = keys.check("a:b").expect_err("refused").to_string();
        assert!(error.contains("`a:b` contains \":\"") && error.contains("choose"), "{error}");
        keys.check("a.b").expect("taken");
    }
}
