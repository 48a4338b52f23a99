use std::time::Duration;

struct Database;

impl Database {
    async fn insert_all(&self, _rows: Vec<Row>) -> Result<(), std::io::Error> {
        Ok(())
    }
}

#[expect(dead_code, reason = "a database would read them")]
struct Row {
    task: &'static str,
    json: String,
    queue: Option<String>,
    delay: Option<Duration>,
    max_attempts: Option<u32>,
}

// the block

fn main() {}
