//! What can go wrong, and the exit code of each.

use std::fmt;
use std::process::ExitCode;

use airlock::{EnqueueError, FlushError, StatesError};

use crate::input::InputError;

/// Why the program, or one of its scopes, failed.
pub(crate) enum Failure {
    /// The orders can't be read.
    Input(InputError),
    /// The database can't be used.
    Database(String),
    /// Not every effect left.
    Flush(FlushError),
    /// An effect was refused.
    Refused(EnqueueError),
    /// Tasks lack what they need to run.
    States(StatesError),
    /// Nothing more can be written to standard output.
    Output(std::io::Error),
}

impl Failure {
    /// The program's exit code for this failure; clap takes 2 for arguments.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Output(_) | Self::States(_) | Self::Refused(_) => 1,
            Self::Input(_) => 3,
            Self::Database(_) => 4,
            Self::Flush(_) => 5,
        })
    }

    /// Whether the reader of standard output has left, as `head` does: no failure of ours.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(error) => error.fmt(f),
            Self::Database(error) => write!(f, "the database: {error}"),
            Self::Flush(error) => error.fmt(f),
            Self::Refused(error) => error.fmt(f),
            Self::States(error) => error.fmt(f),
            Self::Output(error) => write!(f, "standard output: {error}"),
        }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::Input(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl From<FlushError> for Failure {
    fn from(error: FlushError) -> Self {
        Self::Flush(error)
    }
}

impl From<EnqueueError> for Failure {
    fn from(error: EnqueueError) -> Self {
        Self::Refused(error)
    }
}

impl From<StatesError> for Failure {
    fn from(error: StatesError) -> Self {
        Self::States(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}
