//! What the tests need of effects, servers and clients.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use airlock::{Batch, DispatchError, Executor, Fate, Report, Scope, Why};
use axum::Router;
use futures_util::{SinkExt, StreamExt};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Never runs: the executors here note it.
#[airlock::task(name = "mail")]
pub(crate) fn mail(order: u64) {
    unreachable!("order {order} is noted, not mailed");
}

/// What became of the effects of all requests of a test.
#[derive(Clone)]
pub(crate) struct Effects {
    noted: Arc<Mutex<Noted>>,
    /// Held flushes wait for it to be closed.
    gate: Arc<Semaphore>,
}

#[derive(Default)]
struct Noted {
    scopes: usize,
    flushes: usize,
    left: Vec<String>,
    reports: Vec<Report>,
}

impl Effects {
    pub(crate) fn new() -> Self {
        Self { noted: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A scope that notes what leaves and what became of the rest.
    pub(crate) fn scope(&self) -> Scope {
        self.scope_held_by(None)
    }

    /// The same, and its flush is held until it is [let go](Self::let_go).
    pub(crate) fn held_scope(&self) -> Scope {
        self.scope_held_by(Some(self.gate.clone()))
    }

    /// The same, and its flush never goes on.
    pub(crate) fn endless_scope(&self) -> Scope {
        self.scope_held_by(Some(Arc::new(Semaphore::new(0))))
    }

    fn scope_held_by(&self, gate: Option<Arc<Semaphore>>) -> Scope {
        let effects = self.clone();
        self.noted().scopes += 1;
        airlock::scope()
            .executor(Noting { effects: self.clone(), gate })
            .on_report(move |report| effects.noted().reports.push(report.clone()))
    }

    /// What carries out those scopes' flushes.
    pub(crate) fn executor(&self) -> impl Executor + use<> {
        Noting { effects: self.clone(), gate: None }
    }

    /// A scope that can't flush anything.
    pub(crate) fn failing_scope(&self) -> Scope {
        let effects = self.clone();
        airlock::scope()
            .executor(|_| Err::<(), _>("the engine at db-7.internal is down"))
            .on_report(move |report| effects.noted().reports.push(report.clone()))
    }

    /// The orders that were mailed, in order.
    pub(crate) fn left(&self) -> Vec<String> {
        self.noted().left.clone()
    }

    pub(crate) fn reports(&self) -> Vec<Report> {
        self.noted().reports.clone()
    }

    /// What became of each intent, as `42: dispatched`.
    pub(crate) fn fates(&self) -> Vec<String> {
        let reports = self.reports();
        let entries = reports.iter().flat_map(Report::entries);
        entries.map(|entry| format!("{}: {}", entry.arguments()["order"], entry.fate())).collect()
    }

    pub(crate) fn discarded(&self, why: Why) -> usize {
        let reports = self.reports();
        let entries = reports.iter().flat_map(Report::entries);
        entries.filter(|entry| *entry.fate() == Fate::Discarded(why)).count()
    }

    /// Lets flushes go on that are held, and those that would be.
    pub(crate) fn let_go(&self) {
        self.gate.close();
    }

    /// Waits until so many requests have a scope.
    pub(crate) async fn begun(&self, requests: usize) {
        eventually("the requests begin", || self.noted().scopes >= requests).await;
    }

    /// Waits until so many flushes have begun.
    pub(crate) async fn flushing(&self, flushes: usize) {
        eventually("the flushes begin", || self.noted().flushes >= flushes).await;
    }

    /// Waits until so many requests with effects have ended.
    pub(crate) async fn ended(&self, requests: usize) {
        eventually("the requests end", || self.noted().reports.len() >= requests).await;
    }
}

struct Noting {
    effects: Effects,
    gate: Option<Arc<Semaphore>>,
}

impl Executor for Noting {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        self.effects.noted().flushes += 1;
        if let Some(gate) = &self.gate {
            gate.acquire().await.expect_err("it is closed some time");
        }
        let orders = batch.iter().map(std::string::ToString::to_string);
        self.effects.noted().left.extend(orders);
        Ok(())
    }
}

/// Waits for what other tasks bring about. Where they never do, it fails in place of a hang.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(5), waiting).await;
    waited.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

/// A server of this test, which ends with it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn axum(app: Router) -> Self {
        let (listener, address) = listen().await;
        Self::new(address, async move { axum::serve(listener, app).await })
    }

    /// A server that runs as long as it is polled.
    pub(crate) fn new<T: std::fmt::Debug, E: std::fmt::Debug>(
        address: SocketAddr,
        serving: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Self {
        let task = tokio::spawn(async move {
            serving.await.expect("the server runs until it is dropped");
        });
        Self { address, task }
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        self.send(request(path)).await
    }

    pub(crate) async fn send(&self, request: Request<Empty<Bytes>>) -> (StatusCode, String) {
        send(self.address, request).await.expect("the server answers")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// For servers that take one of the standard library.
pub(crate) fn listen_std() -> (std::net::TcpListener, SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it is a socket");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

pub(crate) fn request(path: &str) -> Request<Empty<Bytes>> {
    let request = Request::builder().method(Method::GET).uri(path).header("host", "127.0.0.1");
    request.body(Empty::new()).expect("a path")
}

/// One request over a connection of its own.
pub(crate) async fn send(
    address: SocketAddr,
    request: Request<Empty<Bytes>>,
) -> Result<(StatusCode, String), hyper::Error> {
    let response = open(address, request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// The same up to the response's head.
pub(crate) async fn open(
    address: SocketAddr,
    request: Request<Empty<Bytes>>,
) -> Result<Response<Incoming>, hyper::Error> {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}

/// The next piece of a body that is streamed.
pub(crate) async fn piece(body: &mut Incoming) -> Option<String> {
    let frame = body.frame().await?.expect("the server goes on");
    let piece = frame.into_data().expect("no trailers");
    Some(String::from_utf8_lossy(&piece).into_owned())
}

/// A client of a WebSocket.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// One that the server has agreed to.
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        let opened = client_async(format!("ws://{address}{path}"), stream).await;
        let (socket, response) = opened.expect("the server agrees");
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        Self(socket)
    }

    /// Sends a text, and waits for the one that is the answer.
    pub(crate) async fn ask(&mut self, text: &str) -> String {
        self.0.send(Message::text(text)).await.expect("the server reads");
        let answer = self.0.next().await.expect("the server goes on").expect("a message");
        answer.into_text().expect("a text").to_string()
    }
}

/// A client that sends a request and hangs up when `point` is reached, without reading an answer.
pub(crate) async fn hang_up(address: SocketAddr, path: &str, point: impl Future) {
    hang_up_in(address, "", path, point).await;
}

/// The same with a header `x-scope`.
pub(crate) async fn hang_up_in(address: SocketAddr, scope: &str, path: &str, point: impl Future) {
    use tokio::io::AsyncWriteExt;
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-scope: {scope}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    point.await;
}
