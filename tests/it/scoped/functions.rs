//! Free functions: plain, async, generic, nested, recursive.

use std::fmt;

use super::{Error, asynchronous, free};
use crate::support::{Ran, block_on, note, quiet, yield_once};

#[test]
fn a_free_function_flushes_on_ok_and_discards_on_err_and_on_return() {
    let ran = Ran::new();
    assert_eq!(free(&ran, false).expect("flushed"), 7);
    assert_eq!(ran.list(), ["note 1", "note 2"]);
    let ran = Ran::new();
    assert!(matches!(free(&ran, true), Err(Error::Own)));
    assert!(ran.list().is_empty());
}

#[test]
fn an_async_function_flushes_on_ok_and_discards_on_err_and_on_return() {
    let ran = Ran::new();
    assert_eq!(block_on(asynchronous(&ran, false)).expect("flushed"), 7);
    assert_eq!(ran.list(), ["note 1", "anote 2"]);
    let ran = Ran::new();
    assert!(matches!(block_on(asynchronous(&ran, true)), Err(Error::Own)));
    assert!(ran.list().is_empty());
}

#[airlock::scoped(executor = ran.inline())]
fn generic<'a, T, const N: usize>(
    ran: &Ran,
    items: &'a [T; N],
    each: impl Fn(&T) -> u64,
) -> Result<&'a T, Error>
where
    T: fmt::Debug,
{
    for item in items {
        note::enqueue(each(item))?;
    }
    items.first().ok_or(Error::Own)
}

#[airlock::scoped(executor = ran.inline())]
async fn async_generic<T: Copy + Into<u64> + 'static>(ran: &Ran, item: T) -> Result<T, Error> {
    yield_once().await;
    note::enqueue(item.into())?;
    Ok(item)
}

#[test]
fn generics_lifetimes_and_impl_trait_parameters() {
    let ran = Ran::new();
    assert_eq!(*generic(&ran, &["a", "bcd"], |text| text.len() as u64).expect("flushed"), "a");
    assert_eq!(block_on(async_generic(&ran, 9_u8)).expect("flushed"), 9);
    assert_eq!(ran.list(), ["note 1", "note 3", "note 9"]);
}

#[test]
fn scoped_functions_nest() {
    #[airlock::scoped(executor = ran.inline())]
    fn outer(ran: &Ran, fails: bool) -> Result<(), Error> {
        free(&Ran::new(), false)?;
        block_on(asynchronous(&Ran::new(), false))?;
        assert!(ran.list().is_empty());
        if fails { Err(Error::Own) } else { Ok(()) }
    }
    let ran = Ran::new();
    assert!(outer(&ran, true).is_err());
    assert!(ran.list().is_empty());
    outer(&ran, false).expect("flushed");
    assert_eq!(ran.list(), ["note 1", "note 2", "note 1", "anote 2"]);
}

#[airlock::scoped(executor = ran.inline())]
async fn recursive(ran: &Ran, depth: u64) -> Result<(), Error> {
    note::enqueue(depth)?;
    if depth > 0 {
        Box::pin(recursive(ran, depth - 1)).await?;
    }
    Ok(())
}

#[test]
fn an_async_function_may_call_itself() {
    let ran = Ran::new();
    block_on(recursive(&ran, 3)).expect("flushed");
    assert_eq!(ran.list(), ["note 3", "note 2", "note 1", "note 0"]);
}

#[airlock::scoped(executor = ran.inline())]
async fn owns_its_arguments(ran: Ran, parting: Parting) -> Result<(), Error> {
    let _parting = parting;
    yield_once().await;
    Ok(())
}

/// Enqueues when it is dropped.
struct Parting;

impl Drop for Parting {
    fn drop(&mut self) {
        quiet::enqueue(1).expect("its function's scope is still open");
    }
}

#[test]
fn arguments_that_the_body_uses_are_dropped_inside() {
    let ran = Ran::new();
    block_on(owns_its_arguments(ran, Parting)).expect("flushed");
}
