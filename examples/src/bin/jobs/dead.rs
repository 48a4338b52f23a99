//! Jobs that were given up: look, try again, throw away.

use std::time::SystemTime;

use airlock::worker::{DeadLetter, DeadLetters};
use airlock::{BoxError, EngineError};
use comfy_table::{Table, presets};

use crate::cli::{Dead, Which};

/// How many are looked at together.
const AT_ONCE: usize = 10_000;

pub(crate) async fn run(letters: &impl DeadLetters, what: &Dead) -> Result<(), BoxError> {
    match what {
        Dead::List => {
            let letters = letters.list(AT_ONCE).await?;
            match letters.len() {
                0 => println!("there are no dead letters"),
                AT_ONCE => {
                    println!("{}", table(&letters));
                    println!("these are the oldest {AT_ONCE}: there may be more");
                }
                _ => println!("{}", table(&letters)),
            }
        }
        Dead::Show { id } => {
            let letter = letters.find(id).await?.ok_or_else(|| unknown(&[id.as_str()]))?;
            show(&letter);
        }
        Dead::Retry(which) => {
            let mut done = 0;
            let ended = which.each(letters, async |id| letters.retry(id).await, &mut done).await;
            println!("{done} back in the queue");
            ended?;
        }
        Dead::Drop(which) => {
            let mut done = 0;
            let ended = which.each(letters, async |id| letters.remove(id).await, &mut done).await;
            println!("{done} dropped");
            ended?;
        }
    }
    Ok(())
}

impl Which {
    /// Does something with each, and counts those that were there.
    async fn each(
        &self,
        letters: &impl DeadLetters,
        act: impl AsyncFn(&str) -> Result<bool, EngineError>,
        done: &mut usize,
    ) -> Result<(), BoxError> {
        let begun = SystemTime::now();
        let mut missing = Vec::new();
        for id in &self.ids {
            if act(id).await? { *done += 1 } else { missing.push(id.as_str()) }
        }
        if !missing.is_empty() {
            return Err(unknown(&missing));
        }
        if !self.all {
            return Ok(());
        }
        loop {
            let before = *done;
            for letter in letters.list(AT_ONCE).await? {
                // What a worker gives up meanwhile is not meant.
                if letter.since <= begun && act(&letter.id).await? {
                    *done += 1;
                }
            }
            if *done == before {
                return Ok(());
            }
        }
    }
}

fn unknown(ids: &[&str]) -> BoxError {
    format!("there is no dead letter `{}`: see `jobs dead list`", ids.join("`, `")).into()
}

fn table(letters: &[DeadLetter]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["id", "task", "attempts", "since", "reason"]);
    for letter in letters {
        table.add_row([
            plain(&letter.id),
            letter.task.clone().unwrap_or_else(|| "(undecodable)".into()),
            letter.attempts.to_string(),
            ago(letter.since),
            letter.reason.clone(),
        ]);
    }
    table
}

fn show(letter: &DeadLetter) {
    println!("id        {}", plain(&letter.id));
    println!("queue     {}", plain(&letter.queue));
    println!("task      {}", letter.task.as_deref().unwrap_or("(undecodable)"));
    println!("attempts  {}", letter.attempts);
    println!("since     {}", ago(letter.since));
    println!("reason    {}", letter.reason);
    println!("message   {}", plain(&String::from_utf8_lossy(&letter.body)));
}

/// What anyone may have written, in one line without what a terminal obeys. Tasks and reasons come so.
fn plain(text: &str) -> String {
    let turns = |c| matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escaped = |c: char| match c {
        c if c.is_control() || turns(c) => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
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
