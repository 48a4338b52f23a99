//! Requests a second through the layer, beside the same service without airlock, in turn in one run.
//!
//! ```sh
//! cargo bench -p airlock-web-tests
//! ```
//!
//! The client is in this process, over loopback. With intents, both services write into the same SQLite
//! file in apalis' layout: without airlock each job is pushed where it comes up.

use std::error::Error;
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use airlock::apalis::Sqlite;
use airlock::tower::ScopeLayer;
use apalis_core::backend::TaskSink;
use apalis_sqlite::SqliteStorage;
use axum::Router;
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tower::Service;

const CLIENTS: u64 = 4;

#[airlock::task]
fn send_mail(order: u64) {
    unreachable!("order {order} waits in the file");
}

/// The service as it would be without airlock.
fn by_hand(jobs: &Sqlite, pushes: u64) -> Router {
    let storage = SqliteStorage::<u64>::new(jobs.pool());
    let handler = async move || {
        let mut storage = storage.clone();
        for order in 0..pushes {
            if storage.push(order).await.is_err() {
                return StatusCode::INTERNAL_SERVER_ERROR;
            }
        }
        StatusCode::OK
    };
    Router::new().route("/", get(handler))
}

fn with_airlock(jobs: &Sqlite, intents: u64) -> Router {
    let handler = async move || match (0..intents).try_for_each(|order| send_mail::enqueue(order)) {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let router = Router::new().route("/", get(handler));
    if intents == 0 {
        return router.layer(ScopeLayer::new());
    }
    let jobs = jobs.clone();
    router.layer(ScopeLayer::new().scope(move |_| airlock::scope().executor(jobs.clone())))
}

fn request() -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    request.headers_mut().insert("host", http::HeaderValue::from_static("127.0.0.1"));
    request
}

type Sender = hyper::client::conn::http1::SendRequest<Empty<Bytes>>;

/// A server, and clients that are connected to it.
async fn serve(app: Router) -> Result<Vec<Sender>, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address: SocketAddr = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        clients.push(sender);
    }
    Ok(clients)
}

/// Requests a second.
async fn rate(clients: &mut Vec<Sender>, requests: u64) -> f64 {
    let begun = Instant::now();
    let mut asked = tokio::task::JoinSet::new();
    for mut client in clients.drain(..) {
        asked.spawn(async move {
            for _ in 0..requests / CLIENTS {
                let answer = client.send_request(request()).await.expect("the server answers");
                assert_eq!(answer.status(), StatusCode::OK);
                answer.into_body().collect().await.expect("the server answers");
                client.ready().await.expect("the connection is kept");
            }
            client
        });
    }
    clients.extend(asked.join_all().await);
    #[expect(clippy::cast_precision_loss, reason = "it is not that precise")]
    let requests = requests as f64;
    requests / begun.elapsed().as_secs_f64()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn show(what: &str, plain: Vec<f64>, layered: Vec<f64>, unit: &str) {
    let ratios = plain.iter().zip(&layered).map(|(plain, layered)| layered / plain).collect();
    println!(
        "{what:<34}{:>10.0} {unit:<4}{:>10.0} {unit:<4}{:>9.3} ×",
        median(layered),
        median(plain),
        median(ratios),
    );
}

/// One service beside the other, in turn and in turn first.
async fn over_loopback(
    what: &str,
    (by_hand, with_airlock): (Router, Router),
    (rounds, requests): (usize, u64),
) -> Result<(), Box<dyn Error>> {
    let (mut by_hand, mut with_airlock) = (serve(by_hand).await?, serve(with_airlock).await?);
    for clients in [&mut by_hand, &mut with_airlock] {
        rate(clients, requests).await;
    }
    let (mut plain, mut layered) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            plain.push(rate(&mut by_hand, requests).await);
            layered.push(rate(&mut with_airlock, requests).await);
        } else {
            layered.push(rate(&mut with_airlock, requests).await);
            plain.push(rate(&mut by_hand, requests).await);
        }
    }
    show(what, plain, layered, "/s");
    Ok(())
}

/// Nanoseconds a call of the service, without a network.
async fn nanoseconds(app: &mut Router, calls: u32) -> f64 {
    let begun = Instant::now();
    for _ in 0..calls {
        let response = app.call(request().map(axum::body::Body::new)).await;
        black_box(response.expect("infallible"));
    }
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

async fn in_process(what: &str, mut by_hand: Router, mut with_airlock: Router) {
    let (mut plain, mut layered) = (Vec::new(), Vec::new());
    for _ in 0..31 {
        plain.push(nanoseconds(&mut by_hand, 20_000).await);
        layered.push(nanoseconds(&mut with_airlock, 20_000).await);
    }
    show(what, plain, layered, "ns");
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("jobs.db").display());
    let jobs = Sqlite::connect(&url).await?;
    jobs.setup().await?;

    println!("{:<34}{:>14}{:>14}{:>11}", "", "airlock", "by hand", "ratio");
    let (plain, layered) = (by_hand(&jobs, 0), with_airlock(&jobs, 0));
    in_process("in process, 0 intents", plain.clone(), layered.clone()).await;
    over_loopback("0 intents", (plain, layered), (61, 4_000)).await?;
    for (intents, requests) in [(1, 800), (10, 200)] {
        let services = (by_hand(&jobs, intents), with_airlock(&jobs, intents));
        over_loopback(&format!("{intents} into SQLite"), services, (15, requests)).await?;
    }
    Ok(())
}
