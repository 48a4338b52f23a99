//! The service's own job table, and what empties it.

use serde::{Deserialize, Serialize};
use sqlx::{SqliteConnection, SqlitePool};

use crate::{Error, Smtp};

/// A job, as services have it that grew their own table.
pub trait Job: Serialize {
    const JOB_TYPE: &'static str;

    #[allow(async_fn_in_trait, reason = "its futures are awaited where they are made")]
    async fn enqueue(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        let data = serde_json::to_string(self).expect("it is serialisable");
        insert(connection, Self::JOB_TYPE, &data).await
    }
}

#[derive(Clone, Debug, Deserialize, Serialize, airlock::Task)]
#[task(name = <Self as Job>::JOB_TYPE)]
pub(crate) struct Pack {
    pub(crate) order_id: i64,
}

impl Job for Pack {
    const JOB_TYPE: &'static str = "pack";
}

pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    job_type: &str,
    data: &str,
) -> Result<(), Error> {
    let insert = sqlx::query("INSERT INTO background_jobs (job_type, data) VALUES (?1, ?2)");
    insert.bind(job_type).bind(data).execute(connection).await?;
    Ok(())
}

/// Runs the jobs that wait, and leaves what fails; returns what was packed.
pub async fn work_off(pool: &SqlitePool, smtp: &Smtp) -> Result<Vec<i64>, Error> {
    let mut packed = Vec::new();
    let jobs: Vec<(i64, String, String)> =
        sqlx::query_as("SELECT id, job_type, data FROM background_jobs ORDER BY id")
            .fetch_all(pool)
            .await?;
    for (id, job_type, data) in jobs {
        let done = match job_type.as_str() {
            Pack::JOB_TYPE => {
                let Pack { order_id } = serde_json::from_str(&data).expect("a job's own JSON");
                packed.push(order_id);
                Ok(())
            }
            // From step 3 on: a task of airlock's, which its registry finds by name.
            task => run(task, &data, smtp).await,
        };
        if done.is_ok() {
            sqlx::query("DELETE FROM background_jobs WHERE id = ?1").bind(id).execute(pool).await?;
        }
    }
    Ok(packed)
}

async fn run(task: &str, data: &str, smtp: &Smtp) -> Result<(), Box<dyn std::error::Error>> {
    let intent = airlock::registry()?.decode(task, data)?;
    let inline = airlock::Inline::builder()
        .state(smtp.clone())
        .serving(airlock::tasks![crate::step_3_rows::send_confirmation])
        .build()?;
    airlock::scope().executor(inline).run_async(async { intent.enqueue() }).await??;
    Ok(())
}
