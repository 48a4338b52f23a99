//! `#[airlock::scoped]` on every kind of function.

mod functions;
mod futures;
mod methods;
mod options;
mod outcomes;
mod policies;
mod tests;

use std::fmt;

use airlock::{EnqueueError, FlushError};

use crate::support::{Ran, anote, note, yield_once};

/// Whatever can go wrong.
#[derive(Debug)]
enum Error {
    Enqueue(EnqueueError),
    Flush(FlushError),
    Own,
}

impl From<EnqueueError> for Error {
    fn from(error: EnqueueError) -> Self {
        Self::Enqueue(error)
    }
}

impl From<FlushError> for Error {
    fn from(error: FlushError) -> Self {
        Self::Flush(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enqueue(error) => error.fmt(f),
            Self::Flush(error) => error.fmt(f),
            Self::Own => f.write_str("own"),
        }
    }
}

#[airlock::scoped(executor = ran.inline())]
fn free(ran: &Ran, fails: bool) -> Result<u64, Error> {
    note::enqueue(1)?;
    if fails {
        return Err(Error::Own);
    }
    note::enqueue(2)?;
    Ok(7)
}

#[airlock::scoped(executor = ran.inline())]
async fn asynchronous(ran: &Ran, fails: bool) -> Result<u64, Error> {
    note::enqueue(1)?;
    yield_once().await;
    if fails {
        return Err(Error::Own);
    }
    anote::enqueue(2)?;
    Ok(7)
}
