//! A queue of an engine, with our handle on it.

use airlock_live::Sender;

pub(crate) struct Queue<E> {
    pub(crate) ours: E,
    pub(crate) url: String,
    pub(crate) name: String,
}

impl<E: Sender> Queue<E> {
    pub(crate) async fn open(url: &str, name: &str) -> Self {
        let ours = E::on_queue(url, name).await.expect("opened");
        Self { ours, url: url.to_owned(), name: name.to_owned() }
    }

    /// How many messages are in it, as the server says.
    pub(crate) async fn held(&self) -> u64 {
        self.ours.held(&self.url, &self.name).await as u64
    }
}
