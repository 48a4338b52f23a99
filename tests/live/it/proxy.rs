//! A line between a client and a server that can be cut.

use std::future::pending;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::sleep;

/// Stands in front of a server, on a runtime of its own, and carries bytes until it is told not to.
pub(crate) struct Proxy {
    url: String,
    line: Arc<Line>,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// A line to the server of a URL.
    pub(crate) fn to(url: &str) -> Self {
        let server = address_in(url);
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        listener.set_nonblocking(true).expect("a socket that tokio takes");
        let own = listener.local_addr().expect("an address");
        let line = Arc::new(Line::new());
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        server.clone_into(&mut line.left().server);
        runtime.spawn(accept(listener, Arc::clone(&line)));
        Self { url: url.replacen(server, &own.to_string(), 1), line, runtime: Some(runtime) }
    }

    /// The server's URL, with this line's address in it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Closes all connections, and every new one at once.
    pub(crate) fn cut(&self) {
        self.line.cut();
    }

    /// Carries new connections to another server; those that there are stay where they are.
    pub(crate) fn lead_to(&self, url: &str) {
        address_in(url).clone_into(&mut self.line.left().server);
    }

    /// Carries new connections again, without a limit.
    pub(crate) fn restore(&self) {
        let left = &mut *self.line.left();
        *left = Left { server: std::mem::take(&mut left.server), ..Left::default() };
        self.line.open.send_replace(true);
    }

    /// Lets that many more bytes through to the server, then cuts: a message that arrives by half.
    /// With 0 it is cut when the client next sends something.
    pub(crate) fn cut_after_sent(&self, bytes: usize) {
        self.line.left().to_server = Some(bytes);
    }

    /// Lets that many more bytes through to the server, and holds back the rest for as long as the server
    /// lives.
    pub(crate) fn hold_after_sent(&self, bytes: usize) {
        let mut left = self.line.left();
        left.to_server = Some(bytes);
        left.holds = true;
    }

    /// Lets that many more bytes through to the client, then cuts: an answer that is lost. With 0 it
    /// is cut when the server next answers, which has then done what it was asked.
    pub(crate) fn cut_after_answered(&self, bytes: usize) {
        self.line.left().to_client = Some(bytes);
    }

    /// Cuts when the server next answers with this text in one piece, of which nothing arrives: an
    /// answer that is lost, whatever else is said before it and on other connections.
    pub(crate) fn cut_at_answer(&self, text: &str) {
        self.at_answer(text, |_| Vec::new());
    }

    /// Gives the client something else when the server next answers with this text in one piece; it is
    /// cut where that is nothing.
    pub(crate) fn at_answer(
        &self,
        text: &str,
        instead: impl FnOnce(&[u8]) -> Vec<u8> + Send + 'static,
    ) {
        self.line.left().instead = Some((text.as_bytes().to_vec(), Box::new(instead)));
    }

    /// Holds back whatever comes from now on, either way, until it is cut: a network that is silent.
    pub(crate) fn hold(&self) {
        self.line.left().silent = true;
    }

    /// Lets every answer arrive so much later, as over a distance.
    pub(crate) fn delay_answers(&self, delay: Duration) {
        self.line.left().delay = delay;
    }

    /// How often so far a client has sent something, and an answer came back: the round trips.
    pub(crate) fn turns(&self) -> usize {
        self.line.turns.load(Ordering::Relaxed)
    }

    /// How many bytes have been let through to the server so far.
    pub(crate) fn sent(&self) -> usize {
        self.line.sent.load(Ordering::Relaxed)
    }

    /// Whether connections are carried.
    pub(crate) fn is_open(&self) -> bool {
        *self.line.open.borrow()
    }
}

impl Drop for Proxy {
    /// Other than by dropping it, a runtime may be ended from within another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What all connections share.
struct Line {
    open: watch::Sender<bool>,
    left: Mutex<Left>,
    turns: AtomicUsize,
    sent: AtomicUsize,
}

/// How many bytes may still go each way, where there is a limit, and which answer becomes another; how
/// much later answers arrive; or whether nothing may go.
#[derive(Default)]
struct Left {
    /// Where new connections go.
    server: String,
    to_server: Option<usize>,
    /// Whether the rest is held back, and the line not cut.
    holds: bool,
    to_client: Option<usize>,
    instead: Option<(Vec<u8>, Instead)>,
    delay: Duration,
    silent: bool,
}

type Instead = Box<dyn FnOnce(&[u8]) -> Vec<u8> + Send>;

#[derive(Clone, Copy)]
enum Way {
    ToServer,
    ToClient,
}

impl Line {
    fn new() -> Self {
        let open = watch::Sender::new(true);
        Self { open, left: Mutex::default(), turns: AtomicUsize::new(0), sent: AtomicUsize::new(0) }
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Counts what has gone one way; `asked` is whether this connection's client waits for an answer.
    fn count(&self, way: Way, bytes: usize, asked: &AtomicBool) {
        match way {
            Way::ToServer => {
                asked.store(true, Ordering::Relaxed);
                self.sent.fetch_add(bytes, Ordering::Relaxed);
            }
            Way::ToClient => {
                let turn = asked.swap(false, Ordering::Relaxed);
                self.turns.fetch_add(usize::from(turn), Ordering::Relaxed);
            }
        }
    }

    /// How many of these bytes may go, and whether that was all for this line.
    fn take(&self, way: Way, bytes: usize) -> (usize, bool) {
        let mut left = self.left();
        let limit = match way {
            Way::ToServer => &mut left.to_server,
            Way::ToClient => &mut left.to_client,
        };
        match limit {
            _ if !*self.open.borrow() => (0, true),
            None => (bytes, false),
            Some(limit) => {
                let may = bytes.min(*limit);
                *limit -= may;
                (may, *limit == 0)
            }
        }
    }
}

impl Left {
    /// What becomes of an answer.
    fn instead(&mut self, answer: &[u8]) -> Option<Vec<u8>> {
        let has = |text: &[u8]| answer.windows(text.len()).any(|part| part == text);
        let (_, instead) = self.instead.take_if(|(text, _)| has(text))?;
        Some(instead(answer))
    }
}

async fn accept(listener: StdListener, line: Arc<Line>) {
    let listener = TcpListener::from_std(listener).expect("a socket that tokio takes");
    while let Ok((client, _)) = listener.accept().await {
        let server = line.left().server.clone();
        tokio::spawn(carry(client, server, Arc::clone(&line)));
    }
}

/// Ends when either side does, or the line is cut.
async fn carry(client: TcpStream, server: String, line: Arc<Line>) {
    let mut open = line.open.subscribe();
    let carried = async {
        let Ok(server) = TcpStream::connect(server).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let asked = AtomicBool::new(false);
        tokio::select! {
            () = pump(&line, Way::ToServer, &asked, from_client, to_server) => {}
            () = pump(&line, Way::ToClient, &asked, from_server, to_client) => {}
        }
    };
    tokio::select! {
        () = carried => {}
        _ = open.wait_for(|open| !open) => {}
    }
}

async fn pump(
    line: &Line,
    way: Way,
    asked: &AtomicBool,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if line.left().silent {
            pending::<()>().await;
        }
        let instead = match way {
            Way::ToServer => None,
            Way::ToClient => line.left().instead(&bytes[..read]),
        };
        if let Way::ToClient = way {
            let delay = line.left().delay;
            if !delay.is_zero() {
                sleep(delay).await;
            }
        }
        let answer = instead.as_deref().unwrap_or(&bytes[..read]);
        let (may, last) = match answer {
            [] => (0, true),
            _ => line.take(way, answer.len()),
        };
        line.count(way, may, asked);
        if to.write_all(&answer[..may]).await.is_err() {
            return;
        }
        if last {
            if line.left().holds {
                pending::<()>().await;
            }
            line.cut();
            return;
        }
    }
}

/// `host:port` of a URL that has both.
fn address_in(url: &str) -> &str {
    let (_, rest) = url.split_once("://").expect("a URL");
    let authority = rest.split('/').next().unwrap_or(rest);
    let address = authority.rsplit('@').next().unwrap_or(authority);
    assert!(address.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok()), "{url}");
    address
}
