//! What is logged on a test's thread.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level};

/// What is logged on this thread at WARN and ERROR, with all that runs in a runtime of one thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn begin() -> (Self, DefaultGuard) {
        /// `tracing` keeps what is listened to for the whole process, and forgets it while subscribers come and go on
        /// other threads: one stays.
        static STAYS: LazyLock<Dispatch> = LazyLock::new(|| Log::default().dispatch());
        LazyLock::force(&STAYS);
        let log = Self::default();
        let guard = tracing::dispatcher::set_default(&log.dispatch());
        (log, guard)
    }

    /// The lines that contain this.
    pub(crate) fn lines_with(&self, part: &str) -> Vec<String> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8(text).expect("text");
        text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }

    fn dispatch(&self) -> Dispatch {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::WARN)
            .with_ansi(false)
            .with_writer(move || writer.clone());
        subscriber.finish().into()
    }
}

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
