//! Queues as apalis-redis names their parts.

use std::fmt;

use apalis_redis::Config;

/// Queues with the names of their parts, as the scripts take them.
#[derive(Clone, Default)]
pub(super) struct Queues {
    pub(super) names: Vec<String>,
    pub(super) keys: Vec<String>,
}

impl Queues {
    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut queues = Self::default();
        for name in names {
            queues.number(name);
        }
        queues
    }

    /// The number of a queue, which is added where it is not there yet.
    pub(super) fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.names.iter().position(|known| known == name) {
            return number;
        }
        let config = Config::default().queue(name);
        self.keys.extend([
            config.active_jobs_list(),
            config.job_data_hash(),
            config.job_meta_hash(),
            config.scheduled_jobs_set(),
            config.signal_list(),
            config.idempotency_key_set(),
            config.workers_set(),
            config.inflight_jobs_set(),
            config.dead_jobs_set(),
        ]);
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    /// The channels on which apalis publishes that there is something in them.
    pub(super) fn channels(&self) -> impl Iterator<Item = String> {
        let names = self.names.iter().map(|name| Config::default().queue(name));
        names.map(|config| format!("tasks:{}:available", config.active_jobs_list()))
    }
}

impl fmt::Display for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "queue {}", names.join(", "))
    }
}
