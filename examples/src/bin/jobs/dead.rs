//! Jobs that were given up: look, try again, throw away.

use std::time::SystemTime;

use airlock::BoxError;
use airlock::worker::{DeadLetter, DeadLetters};
use comfy_table::{Table, presets};

use crate::cli::{Dead, Which};

/// More than anybody reads.
const AT_MOST: usize = 10_000;

pub(crate) async fn run(letters: &impl DeadLetters, what: &Dead) -> Result<(), BoxError> {
    match what {
        Dead::List => {
            let letters = letters.list(AT_MOST).await?;
            match letters.len() {
                0 => println!("there are no dead letters"),
                _ => println!("{}", table(&letters)),
            }
        }
        Dead::Show { id } => {
            let letter = letters.find(id).await?.ok_or_else(|| unknown(id))?;
            show(&letter);
        }
        Dead::Retry(which) => {
            let ids = which.ids(letters).await?;
            for id in &ids {
                letters.retry(id).await?.then_some(()).ok_or_else(|| unknown(id))?;
            }
            println!("{} back in the queue", ids.len());
        }
        Dead::Drop(which) => {
            let ids = which.ids(letters).await?;
            for id in &ids {
                letters.remove(id).await?.then_some(()).ok_or_else(|| unknown(id))?;
            }
            println!("{} dropped", ids.len());
        }
    }
    Ok(())
}

impl Which {
    async fn ids(&self, letters: &impl DeadLetters) -> Result<Vec<String>, BoxError> {
        if !self.all {
            return Ok(self.ids.clone());
        }
        Ok(letters.list(AT_MOST).await?.into_iter().map(|letter| letter.id).collect())
    }
}

fn unknown(id: &str) -> BoxError {
    format!("there is no dead letter `{id}`: see `jobs dead list`").into()
}

fn table(letters: &[DeadLetter]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["id", "task", "attempts", "since", "reason"]);
    for letter in letters {
        table.add_row([
            letter.id.clone(),
            letter.task.clone().unwrap_or_else(|| "(undecodable)".into()),
            letter.attempts.to_string(),
            ago(letter.since),
            letter.reason.clone(),
        ]);
    }
    table
}

fn show(letter: &DeadLetter) {
    println!("id        {}", letter.id);
    println!("queue     {}", letter.queue);
    println!("task      {}", letter.task.as_deref().unwrap_or("(undecodable)"));
    println!("attempts  {}", letter.attempts);
    println!("since     {}", ago(letter.since));
    println!("reason    {}", letter.reason);
    println!("message   {}", String::from_utf8_lossy(&letter.body));
}

fn ago(since: SystemTime) -> String {
    match since.elapsed().map(|elapsed| elapsed.as_secs()) {
        Ok(seconds @ 0..60) => format!("{seconds} s"),
        Ok(seconds @ 60..3600) => format!("{} min", seconds / 60),
        Ok(seconds) => format!("{} h", seconds / 3600),
        // The clocks of two machines differ.
        Err(_) => "now".into(),
    }
}
