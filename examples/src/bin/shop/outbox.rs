//! Mails, as files in a folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::crash;

/// A folder that letters are put into. Clones put theirs into the same one.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    folder: PathBuf,
    unfinished: Arc<AtomicU64>,
}

/// A mail. Its order and its kind name its file: delivered twice it is there once.
pub(crate) struct Letter {
    pub(crate) kind: Kind,
    pub(crate) order_id: i64,
    pub(crate) to: String,
    pub(crate) text: String,
}

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Confirmation,
    Shipping,
    Cancellation,
    Pack,
    Stop,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::Confirmation, Self::Shipping, Self::Cancellation, Self::Pack, Self::Stop];

    fn name(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Shipping => "shipping",
            Self::Cancellation => "cancellation",
            Self::Pack => "pack",
            Self::Stop => "stop",
        }
    }

    /// What the task of this name delivers.
    fn of_task(task: &str) -> Option<Self> {
        let (_, name) = task.split_once('.')?;
        Self::named(name)
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Outbox {
    /// Opens the folder, and makes it where there is none.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let unusable = |error: io::Error| {
            let said = format!("mails can't be put into {}: {error}", folder.display());
            io::Error::new(error.kind(), said)
        };
        fs::create_dir_all(folder).map_err(unusable)?;
        let outbox = Self { folder: folder.to_owned(), unfinished: Arc::default() };
        let trial = outbox.unfinished_path();
        File::create(&trial).and_then(|_| fs::remove_file(&trial)).map_err(unusable)?;
        Ok(outbox)
    }

    /// Puts a letter into the folder, all of it or nothing.
    pub(crate) fn deliver(&self, letter: &Letter) -> io::Result<()> {
        crash::point("worker-before-task");
        let Letter { kind, order_id, to, text } = letter;
        let path = self.folder.join(file_name(*kind, *order_id));
        if path.exists() {
            // A task runs at least once.
            tracing::warn!(file = %path.display(), "delivered again");
        }
        let unfinished = self.unfinished_path();
        let mut file = File::create(&unfinished)?;
        write!(
            file,
            "To: {to}\nMessage-ID: <{order_id}.{}@shop.example>\n\n{text}\n",
            kind.name()
        )?;
        file.sync_all()?;
        crash::point("worker-in-task");
        fs::rename(&unfinished, &path)?;
        crash::point("worker-after-task");
        Ok(())
    }

    /// The file that a task has delivered for an order, if it has.
    pub(crate) fn delivered(&self, task: &str, order_id: i64) -> Option<String> {
        let name = file_name(Kind::of_task(task)?, order_id);
        self.folder.join(&name).exists().then_some(name)
    }

    /// The letter in a file of this name; nothing where no letter has that name.
    pub(crate) fn read(&self, name: &str) -> io::Result<Option<String>> {
        if !is_file_name(name) {
            return Ok(None);
        }
        match fs::read_to_string(self.folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A name that no other process uses at the same time.
    fn unfinished_path(&self) -> PathBuf {
        let number = self.unfinished.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!(".unfinished-{}-{number}", std::process::id()))
    }
}

fn file_name(kind: Kind, order_id: i64) -> String {
    format!("{order_id:06}-{}.txt", kind.name())
}

/// Whether a letter can have this name, whoever asks.
fn is_file_name(name: &str) -> bool {
    let parts = name.strip_suffix(".txt").and_then(|name| name.split_once('-'));
    parts.is_some_and(|(order, kind)| {
        order.bytes().all(|byte| byte.is_ascii_digit()) && Kind::named(kind).is_some()
    })
}
