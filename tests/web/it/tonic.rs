//! tonic: a gRPC server and client, with a codec of numbers in place of generated code.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use airlock::DropAll;
use airlock::tower::ScopeLayer;
use bytes::{Buf, BufMut};
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tower::{Service, service_fn};

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

/// Streams one number, and fails then.
async fn follow(
    request: Request<u64>,
) -> Result<Response<Pin<Box<dyn tokio_stream::Stream<Item = Result<u64, Status>> + Send>>>, Status>
{
    let order = request.into_inner();
    mail::enqueue(order).expect("inside a scope");
    let lines = tokio_stream::iter([0, 1]).map(move |line| match line {
        0 => Ok(u64::from(mail::enqueue(order).is_err())),
        _ => Err(Status::data_loss("the line is cut")),
    });
    Ok(Response::new(Box::pin(lines)))
}

impl Service<http::Request<Body>> for Shop {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Numbers);
            Ok(match request.uri().path() {
                "/shop.Shop/Place" => grpc.unary(service_fn(place), request).await,
                _ => grpc.server_streaming(service_fn(follow), request).await,
            })
        })
    }
}

async fn serve(effects: &Effects) -> (Server, Channel) {
    let effects = effects.clone();
    let layer = ScopeLayer::new().scope(move |request| {
        match request.headers.get("x-scope").map(http::HeaderValue::as_bytes) {
            Some(b"broken") => effects.failing_scope(),
            Some(b"dry run") => effects.scope().policy(DropAll),
            _ => effects.scope(),
        }
    });
    let (listener, address) = listen().await;
    let app = tonic::transport::Server::builder().layer(layer).add_service(Shop);
    let server = Server::new(address, app.serve_with_incoming(TcpIncoming::from(listener)));
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    (server, endpoint.connect().await.expect("it listens"))
}

async fn ask(channel: &Channel, order: u64, scope: &'static str) -> Result<u64, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.expect("it is connected");
    let mut request = Request::new(order);
    request.metadata_mut().insert("x-scope", scope.parse().expect("a value"));
    let path = http::uri::PathAndQuery::from_static("/shop.Shop/Place");
    Ok(client.unary(request, path, Numbers).await?.into_inner())
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
