struct Smtp;

impl Smtp {
    async fn send(&self, _: u64, _: &str) -> Result<(), MailError> {
        Ok(())
    }
}

type MailError = std::io::Error;

// the block

fn main() {}
