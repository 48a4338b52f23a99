//! Methods, and functions of traits.

use super::Error;
use crate::support::{Ran, anote, block_on, note, quiet, yield_once};

struct Shop {
    ran: Ran,
    sold: u64,
}

impl Shop {
    #[airlock::scoped(executor = ran.inline())]
    fn associated(ran: &Ran, n: u64) -> Result<(), Error> {
        Ok(note::enqueue(n)?)
    }

    #[airlock::scoped(executor = self.ran.inline())]
    fn by_ref(&self, n: u64) -> Result<(), Error> {
        note::enqueue(n)?;
        Ok(())
    }

    #[airlock::scoped(executor = self.ran.inline())]
    fn by_mut(&mut self, n: u64) -> Result<&mut u64, Error> {
        note::enqueue(n)?;
        self.sold += n;
        Ok(&mut self.sold)
    }

    #[airlock::scoped(executor = self.ran.inline())]
    fn by_value(self, n: u64) -> Result<Self, Error> {
        note::enqueue(n)?;
        Ok(self)
    }

    #[airlock::scoped(executor = self.ran.inline())]
    async fn awaited(&mut self, n: u64) -> Result<(), Error> {
        yield_once().await;
        self.sold += n;
        anote::enqueue(n)?;
        Ok(())
    }
}

#[test]
fn methods_of_every_kind() {
    let ran = Ran::new();
    let mut shop = Shop { ran: ran.clone(), sold: 0 };
    Shop::associated(&ran, 1).expect("flushed");
    shop.by_ref(2).expect("flushed");
    *shop.by_mut(3).expect("flushed") += 1;
    let mut shop = shop.by_value(4).expect("flushed");
    block_on(shop.awaited(5)).expect("flushed");
    assert_eq!(shop.sold, 9);
    assert_eq!(ran.list(), ["note 1", "note 2", "note 3", "note 4", "anote 5"]);
}

trait Process {
    async fn process(&self, n: u64) -> Result<(), Error>;
    fn now(&self, n: u64) -> Result<(), Error>;

    #[airlock::scoped]
    fn provided(&self, n: u64) -> Result<u64, Error> {
        quiet::enqueue(n)?;
        Ok(n)
    }
}

impl Process for Ran {
    #[airlock::scoped(executor = self.inline())]
    async fn process(&self, n: u64) -> Result<(), Error> {
        yield_once().await;
        anote::enqueue(n)?;
        Ok(())
    }

    #[airlock::scoped(executor = self.inline())]
    fn now(&self, n: u64) -> Result<(), Error> {
        note::enqueue(n)?;
        Ok(())
    }
}

#[async_trait::async_trait]
trait Dynamic: Send + Sync {
    async fn process(&self, n: u64) -> Result<(), Error>;
}

#[async_trait::async_trait]
impl Dynamic for Ran {
    #[airlock::scoped(executor = self.inline())]
    async fn process(&self, n: u64) -> Result<(), Error> {
        yield_once().await;
        anote::enqueue(n)?;
        Ok(())
    }
}

/// The attribute meets what `async_trait` has made already.
struct Outside(Ran);

#[async_trait::async_trait]
impl Dynamic for Outside {
    #[airlock::scoped(executor = self.0.inline())]
    async fn process(&self, n: u64) -> Result<(), Error> {
        yield_once().await;
        if n == 0 {
            return Err(Error::Own);
        }
        anote::enqueue(n)?;
        Ok(())
    }
}

#[test]
fn functions_in_traits_sync_async_and_dynamic() {
    let ran = Ran::new();
    block_on(Process::process(&ran, 1)).expect("flushed");
    ran.now(2).expect("flushed");
    assert_eq!(ran.provided(5).expect("flushed"), 5);
    let dynamic: Box<dyn Dynamic> = Box::new(ran.clone());
    block_on(dynamic.process(3)).expect("flushed");
    let dynamic: Box<dyn Dynamic> = Box::new(Outside(ran.clone()));
    block_on(dynamic.process(4)).expect("flushed");
    assert!(block_on(dynamic.process(0)).is_err());
    assert_eq!(ran.list(), ["anote 1", "note 2", "anote 3", "anote 4"]);
}
