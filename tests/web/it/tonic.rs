//! tonic: a gRPC server and client, with a codec of numbers in place of generated code.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use airlock::BoxError;
use airlock::tower::ScopeLayer;
use axum::Router;
use axum::routing::get;
use bytes::{Buf, BufMut, Bytes};
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status, Streaming};
use tower::{Service, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

use crate::frameworks::{TIMEOUT, scope_of};
use crate::support::{Effects, Server, listen, mail};

/// Messages that are a number.
#[derive(Clone, Copy, Default)]
struct Numbers;

impl Codec for Numbers {
    type Encode = u64;
    type Decode = u64;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Numbers {
    type Item = u64;
    type Error = Status;

    fn encode(&mut self, number: u64, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_u64(number);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl Decoder for Numbers {
    type Item = u64;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<u64>, Status> {
        Ok(from.has_remaining().then(|| from.get_u64()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

#[derive(Clone)]
struct Shop;

impl NamedService for Shop {
    const NAME: &'static str = "shop.Shop";
}

/// Places an order, unless it is the number 0.
async fn place(request: Request<u64>) -> Result<Response<u64>, Status> {
    let order = request.into_inner();
    mail::enqueue(order).expect("inside a scope");
    if order == 0 { Err(Status::not_found("no such article")) } else { Ok(Response::new(order)) }
}

/// Places an order, and never answers.
async fn ponder(request: Request<u64>) -> Result<Response<u64>, Status> {
    place(request).await?;
    std::future::pending().await
}

/// Places an order, and panics.
async fn fall(request: Request<u64>) -> Result<Response<u64>, Status> {
    place(request).await?;
    panic!("the stock is negative");
}

/// Places many orders, as they come in; their number is the answer.
async fn place_all(request: Request<Streaming<u64>>) -> Result<Response<u64>, Status> {
    let mut orders = request.into_inner();
    let mut count = 0;
    while let Some(order) = orders.message().await? {
        mail::enqueue(order).expect("inside a scope");
        count += 1;
    }
    Ok(Response::new(count))
}

/// Streams one number, and fails then; and at once for the number 0.
async fn follow(
    request: Request<u64>,
) -> Result<Response<Pin<Box<dyn tokio_stream::Stream<Item = Result<u64, Status>> + Send>>>, Status>
{
    let order = request.into_inner();
    mail::enqueue(order).expect("inside a scope");
    if order == 0 {
        return Err(Status::not_found("no such order"));
    }
    let lines = tokio_stream::iter([0, 1]).map(move |line| match line {
        0 => Ok(u64::from(mail::enqueue(order).is_err())),
        _ => Err(Status::data_loss("the line is cut")),
    });
    Ok(Response::new(Box::pin(lines)))
}

impl<B> Service<http::Request<B>> for Shop
where
    B: hyper::body::Body<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Numbers);
            Ok(match request.uri().path() {
                "/shop.Shop/Place" => grpc.unary(service_fn(place), request).await,
                "/shop.Shop/Ponder" => grpc.unary(service_fn(ponder), request).await,
                "/shop.Shop/Fall" => grpc.unary(service_fn(fall), request).await,
                "/shop.Shop/PlaceAll" => {
                    grpc.client_streaming(service_fn(place_all), request).await
                }
                _ => grpc.server_streaming(service_fn(follow), request).await,
            })
        })
    }
}

fn layer(effects: &Effects) -> ScopeLayer {
    let effects = effects.clone();
    ScopeLayer::new().scope(move |request| {
        let header = request.headers.get("x-scope").and_then(|value| value.to_str().ok());
        scope_of(&effects, header)
    })
}

async fn serve(effects: &Effects) -> (Server, Channel) {
    let (listener, address) = listen().await;
    let app = tonic::transport::Server::builder().layer(layer(effects)).add_service(Shop);
    let server = Server::new(address, app.serve_with_incoming(TcpIncoming::from(listener)));
    let channel = connect(&server).await;
    (server, channel)
}

async fn connect(server: &Server) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address));
    endpoint.expect("an address").connect().await.expect("it listens")
}

async fn ask(channel: &Channel, order: u64, scope: &'static str) -> Result<u64, Status> {
    call(channel, "/shop.Shop/Place", order, scope).await
}

async fn call(
    channel: &Channel,
    path: &'static str,
    order: u64,
    scope: &'static str,
) -> Result<u64, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.expect("it is connected");
    let mut request = Request::new(order);
    request.metadata_mut().insert("x-scope", scope.parse().expect("a value"));
    let path = http::uri::PathAndQuery::from_static(path);
    Ok(client.unary(request, path, Numbers).await?.into_inner())
}

/// A client that goes away from its call when `point` is reached.
async fn go_away_from(
    channel: &Channel,
    (path, order, scope): (&'static str, u64, &'static str),
    point: impl Future,
) {
    tokio::select! {
        answer = call(channel, path, order, scope) => panic!("it was answered before: {answer:?}"),
        _ = point => {}
    }
}

#[tokio::test]
async fn a_status_of_0_flushes_and_any_other_discards() {
    let effects = Effects::new();
    let (_server, channel) = serve(&effects).await;
    assert_eq!(ask(&channel, 42, "").await.expect("placed"), 42);
    let error = ask(&channel, 0, "").await.expect_err("no such article");
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(effects.fates(), ["42: dispatched", "0: discarded: error"]);
}

#[tokio::test]
async fn a_request_says_which_policy_holds() {
    let effects = Effects::new();
    let (_server, channel) = serve(&effects).await;
    ask(&channel, 42, "dry run").await.expect("placed");
    assert_eq!(effects.fates(), ["42: dropped by DropAll"]);
}

#[tokio::test]
async fn a_failed_flush_is_the_status_internal() {
    let effects = Effects::new();
    let (_server, channel) = serve(&effects).await;
    let error = ask(&channel, 42, "broken").await.expect_err("the flush failed");
    assert_eq!((error.code(), error.message()), (Code::Internal, "the request failed"));
    assert_eq!(effects.fates(), ["42: failed: the engine at db-7.internal is down"]);
}

#[tokio::test]
async fn a_stream_counts_by_how_it_begins() {
    let effects = Effects::new();
    let (_server, channel) = serve(&effects).await;
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.expect("it is connected");
    let path = http::uri::PathAndQuery::from_static("/shop.Shop/Follow");
    let answer = client.server_streaming(Request::new(7), path, Numbers).await.expect("it begins");
    let mut lines = answer.into_inner();
    assert_eq!(lines.message().await.expect("a line"), Some(1), "no scope in the stream");
    assert_eq!(lines.message().await.expect_err("the trailer").code(), Code::DataLoss);
    assert_eq!(effects.fates(), ["7: dispatched"], "it left before the stream began");
}

#[tokio::test]
async fn a_stream_that_does_not_begin_discards() {
    let effects = Effects::new();
    let (_server, channel) = serve(&effects).await;
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.expect("it is connected");
    let path = http::uri::PathAndQuery::from_static("/shop.Shop/Follow");
    let refused = client.server_streaming(Request::new(0), path, Numbers).await;
    assert_eq!(refused.expect_err("it is refused").code(), Code::NotFound);
    assert_eq!(effects.fates(), ["0: discarded: error"]);
}

#[tokio::test]
async fn a_method_reads_a_stream_of_requests_in_its_scope() {
    let effects = Effects::new();
    let (_server, channel) = serve(&effects).await;
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.expect("it is connected");
    let path = http::uri::PathAndQuery::from_static("/shop.Shop/PlaceAll");
    let orders = Request::new(tokio_stream::iter([7, 8]));
    let answer = client.client_streaming(orders, path, Numbers).await.expect("placed");
    assert_eq!(answer.into_inner(), 2);
    assert_eq!(effects.fates(), ["7: dispatched", "8: dispatched"]);
}

#[tokio::test]
async fn a_client_that_goes_away_before_the_answer_discards() {
    let effects = Effects::new();
    let (_server, channel) = serve(&effects).await;
    go_away_from(&channel, ("/shop.Shop/Ponder", 42, ""), effects.begun(1)).await;
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["42: discarded: cancelled"]);
}

#[tokio::test]
async fn a_flush_that_has_begun_is_finished_without_the_client() {
    let effects = Effects::new();
    let (_server, channel) = serve(&effects).await;
    go_away_from(&channel, ("/shop.Shop/Place", 42, "slow"), effects.flushing(1)).await;
    assert!(effects.left().is_empty(), "the flush is still on its way");
    effects.let_go();
    effects.ended(1).await;
    assert_eq!(effects.fates(), ["42: dispatched"]);
}

/// tonic's own timeout is around all layers.
#[tokio::test]
async fn a_timeout_of_the_server_discards_as_cancelled_unless_the_flush_has_begun() {
    let effects = Effects::new();
    let (listener, address) = listen().await;
    let app = tonic::transport::Server::builder()
        .timeout(TIMEOUT)
        .layer(layer(&effects))
        .add_service(Shop);
    let server = Server::new(address, app.serve_with_incoming(TcpIncoming::from(listener)));
    let channel = connect(&server).await;
    let late = call(&channel, "/shop.Shop/Ponder", 42, "").await.expect_err("it takes too long");
    assert_eq!(late.code(), Code::Cancelled);
    assert_eq!(effects.fates(), ["42: discarded: cancelled"]);
    let late = ask(&channel, 43, "slow").await.expect_err("its flush takes too long");
    assert_eq!(late.code(), Code::Cancelled);
    assert!(effects.left().is_empty(), "the flush is still on its way");
    effects.let_go();
    effects.ended(2).await;
    assert_eq!(effects.fates(), ["42: discarded: cancelled", "43: dispatched"]);
}

#[tokio::test]
async fn a_panic_discards_caught_or_not() {
    let effects = Effects::new();
    let (_server, channel) = serve(&effects).await;
    let error = call(&channel, "/shop.Shop/Fall", 1, "").await.expect_err("nothing is answered");
    assert_eq!(error.code(), Code::Cancelled);
    assert_eq!(effects.fates(), ["1: discarded: panic"]);

    let within = Effects::new();
    let (listener, address) = listen().await;
    let app = tonic::transport::Server::builder()
        .layer(layer(&within))
        .layer(CatchPanicLayer::new())
        .add_service(Shop);
    let server = Server::new(address, app.serve_with_incoming(TcpIncoming::from(listener)));
    let channel = connect(&server).await;
    let error = call(&channel, "/shop.Shop/Fall", 2, "").await.expect_err("it is a 500");
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(within.fates(), ["2: discarded: error"]);

    let around = Effects::new();
    let (listener, address) = listen().await;
    let app = tonic::transport::Server::builder()
        .layer(CatchPanicLayer::new())
        .layer(layer(&around))
        .add_service(Shop);
    let server = Server::new(address, app.serve_with_incoming(TcpIncoming::from(listener)));
    let channel = connect(&server).await;
    let error = call(&channel, "/shop.Shop/Fall", 3, "").await.expect_err("it is a 500");
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(around.fates(), ["3: discarded: panic"]);
}

#[tokio::test]
async fn a_router_of_axum_needs_one_layer_for_both() {
    let effects = Effects::new();
    let gone = async || {
        mail::enqueue(410).expect("inside a scope");
        http::StatusCode::GONE
    };
    let app = Router::new().route("/gone", get(gone)).route_service("/shop.Shop/{method}", Shop);
    let server = Server::axum(app.layer(layer(&effects))).await;
    let channel = connect(&server).await;
    assert_eq!(ask(&channel, 42, "").await.expect("placed"), 42);
    assert!(ask(&channel, 0, "").await.is_err());
    assert_eq!(server.get("/gone").await.0, http::StatusCode::GONE);
    let told = ["42: dispatched", "0: discarded: error", "410: discarded: error"];
    assert_eq!(effects.fates(), told);
}
