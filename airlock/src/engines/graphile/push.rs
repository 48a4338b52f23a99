//! A batch of jobs, inserted in portions.

use std::collections::HashSet;

use crate::core::task::called::BoxError;
use crate::engines::graphile::Graphile;
use crate::engines::graphile::insert::{Insert, Positioned};
use crate::engines::graphile::job::{Job, first_of_each_key};
use crate::engines::shared::sql::chunks;

const INVISIBLE_QUEUE: &str = "another transaction has just created the first job of a queue, which this \
    one can't see: run it again";

impl Graphile {
    /// Inserts the jobs; the unique keys that other jobs hold.
    pub(super) async fn push(
        &self,
        connection: &mut impl Insert,
        jobs: &[Job],
    ) -> Result<Vec<String>, BoxError> {
        let mut rows: Vec<Positioned<'_>> = (1..).zip(first_of_each_key(jobs)).collect();
        rows.sort_by_key(|(_, job)| &job.key);
        let portions: Vec<_> = chunks(&rows, |(_, job)| job.payload.len()).collect();
        let now = match &portions[..] {
            [] | [_] => "statement_timestamp()".to_owned(),
            _ => {
                connection.register(self, &rows).await?;
                let since = connection.now().await?;
                format!("('epoch'::timestamptz + {since} * interval '1 microsecond')")
            }
        };
        let mut held = Vec::new();
        for rows in portions {
            let mut inserted = HashSet::new();
            let missing = self.insert(connection, rows, &now, &mut inserted).await?;
            if !missing.is_empty() {
                // The transaction that registered them meanwhile has committed: now they are visible.
                let rest = rows.iter().filter(|(_, job)| missing.contains(&job.identifier));
                let rest: Vec<_> = rest.copied().collect();
                if !self.insert(connection, &rest, &now, &mut inserted).await?.is_empty() {
                    return Err(INVISIBLE_QUEUE.into());
                }
            }
            let keys = rows.iter().filter_map(|(_, job)| job.key.as_ref());
            held.extend(keys.filter(|key| !inserted.contains(*key)).cloned());
        }
        Ok(held)
    }

    /// Inserts the jobs of one statement and notes the keys that they take; the identifiers that are missing.
    async fn insert(
        &self,
        connection: &mut impl Insert,
        rows: &[Positioned<'_>],
        now: &str,
        inserted: &mut HashSet<String>,
    ) -> Result<HashSet<String>, BoxError> {
        let mut missing = HashSet::new();
        for (key, identifier) in connection.insert(self, rows, now).await? {
            inserted.extend(key);
            missing.extend(identifier);
        }
        Ok(missing)
    }
}
