//! Connecting to a broker, over a stream whose frames the client can read.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::Stream;
use lapin::tcp::AMQPUriTcpExt;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, ErrorKind};

use crate::core::task::called::BoxError;
use crate::engines::shared::rabbitmq::frames::ReadableFrames;

/// Connects in the current runtime. With TLS, the frames are those inside.
pub(super) async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
) -> lapin::Result<Connection> {
    let tokio = Tokio::current();
    let runtime = RuntimeParts::new(tokio.clone(), ReadableTokio(tokio.clone()));
    let connecting = async move |uri: AMQPUri, _: Runtime<_>| {
        let stream = uri.connect_async(&Runtime::new(tokio.clone())).await?;
        check_tls(&uri, &stream)?;
        Ok(AsyncTcpStream::Plain(ReadableFrames::of(stream)))
    };
    // Boxed, because a future of lapin's is large.
    Box::pin(Connection::connector(uri, Runtime::new(runtime), connecting, properties)).await
}

/// Refuses a plain stream where the URL asks for TLS: without a feature for it the client goes on without TLS, and the
/// password would be the first thing that it sends.
fn check_tls<S>(uri: &AMQPUri, stream: &AsyncTcpStream<S>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if uri.scheme == AMQPScheme::AMQPS && matches!(stream, AsyncTcpStream::Plain(_)) {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the scheme `amqps` asks for TLS, and `lapin` was compiled without it",
        ));
    }
    Ok(())
}

/// The next step where the client has no TLS.
pub(super) fn no_tls(error: &BoxError) -> Option<&'static str> {
    let error = error.downcast_ref::<lapin::Error>()?;
    let ErrorKind::IOError(error) = error.kind() else { return None };
    (error.kind() == io::ErrorKind::Unsupported)
        .then_some("turn on its feature `rustls` or `native-tls` in your `Cargo.toml`")
}

/// Tokio's streams and timers, where streams are of [`ReadableFrames`].
#[derive(Clone, Debug)]
struct ReadableTokio(Tokio);

impl Reactor for ReadableTokio {
    type TcpStream = ReadableFrames<AsyncTcpStream<<Tokio as Reactor>::TcpStream>>;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        let nobody_asks = "streams are connected, and not registered";
        Err::<Self::TcpStream, _>(io::Error::new(io::ErrorKind::Unsupported, nobody_asks))
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let connecting = self.0.tcp_connect_addr(address);
        async { Ok(ReadableFrames::of(AsyncTcpStream::Plain(connecting.await?))) }
    }
}
