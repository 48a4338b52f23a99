//! The frames of a connection, between its stream and the client.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use crate::engines::shared::rabbitmq::readable::{HEADER, METHOD, make_readable};

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

/// A frame's type, channel and length.
const BEFORE_PAYLOAD: usize = 1 + 2 + 4;

/// The byte that a frame ends with.
const BEHIND_PAYLOAD: usize = 1;

/// A stream whose reader gets no frame that it can't [read](super::readable).
pub(super) struct ReadableFrames<S> {
    stream: S,
    /// Holds what was read of the stream and not taken by the reader.
    buffer: Vec<u8>,
    /// How much of the buffer that is.
    received: usize,
    /// How much of that the reader may have. Behind it is a frame that has not come whole.
    cleared: usize,
    /// How much of the frame behind is to be passed on as it comes.
    passing: usize,
}

impl<S> ReadableFrames<S> {
    pub(super) fn of(stream: S) -> Self {
        Self { stream, buffer: Vec::new(), received: 0, cleared: 0, passing: 0 }
    }

    /// Clears what can be of what was received.
    fn clear(&mut self) {
        loop {
            let passed = self.passing.min(self.received - self.cleared);
            self.passing -= passed;
            self.cleared += passed;
            let rest = &mut self.buffer[self.cleared..self.received];
            let Some((head, payload)) = rest.split_first_chunk_mut::<BEFORE_PAYLOAD>() else {
                return;
            };
            let [frame_type, _, _, length @ ..] = *head;
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            let frame = length.saturating_add(BEFORE_PAYLOAD + BEHIND_PAYLOAD);
            match frame_type {
                METHOD | HEADER => {
                    let Some(payload) = payload.get_mut(..length) else { return };
                    make_readable(frame_type, payload);
                    self.passing = frame;
                }
                // A server that speaks no AMQP 0-9-1 says which version it speaks, and nothing more.
                b'A' => self.passing = usize::MAX,
                _ => self.passing = frame,
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadableFrames<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        while this.cleared == 0 {
            if this.buffer.len() < this.received + CHUNK {
                this.buffer.resize(this.received + CHUNK, 0);
            }
            let free = &mut this.buffer[this.received..];
            let read = ready!(Pin::new(&mut this.stream).poll_read(context, free))?;
            this.received += read;
            if read == 0 {
                // A frame that does not come whole is the reader's to judge.
                this.passing = usize::MAX;
            }
            this.clear();
            if read == 0 {
                break;
            }
        }
        let taken = buffer.len().min(this.cleared);
        buffer[..taken].copy_from_slice(&this.buffer[..taken]);
        this.buffer.copy_within(taken..this.received, 0);
        this.received -= taken;
        this.cleared -= taken;
        Poll::Ready(Ok(taken))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReadableFrames<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_fn;

    use super::*;

    /// Gives so many bytes at a time.
    struct Pieces(Vec<u8>, usize);

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let taken = self.1.min(self.0.len()).min(buffer.len());
            buffer[..taken].copy_from_slice(&self.0[..taken]);
            self.0.drain(..taken);
            Poll::Ready(Ok(taken))
        }
    }

    async fn read(bytes: &[u8], at_a_time: usize, room: usize) -> Vec<u8> {
        let mut frames = ReadableFrames::of(Pieces(bytes.to_vec(), at_a_time));
        let mut read = Vec::new();
        let mut buffer = vec![0; room];
        loop {
            let reading = poll_fn(|context| Pin::new(&mut frames).poll_read(context, &mut buffer));
            match reading.await.expect("read") {
                0 => return read,
                count => read.extend(&buffer[..count]),
            }
        }
    }

    fn frame(frame_type: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        [&[frame_type, 0, 1][..], &length, payload, &[0xce]].concat()
    }

    /// A content header with this message id.
    fn header(id: &[u8]) -> Vec<u8> {
        let length = u8::try_from(id.len()).expect("short");
        let before = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0x80, length];
        frame(HEADER, &[&before, id].concat())
    }

    #[::tokio::test]
    async fn frames_are_made_readable_however_they_come() {
        const BODY: u8 = 3;
        const HEARTBEAT: u8 = 8;
        let stream = |id: &[u8]| {
            let around = [frame(HEARTBEAT, b""), frame(BODY, b"\x02\xff\xff"), header(b"good")];
            [around.concat(), header(id), around.concat()].concat()
        };
        let (sent, expected) = (stream(b"a\xff\xfeb"), stream(b"a\x1a\x1ab"));
        for at_a_time in 1..=sent.len() {
            for room in [1, 3, 1_000] {
                assert_eq!(read(&sent, at_a_time, room).await, expected, "{at_a_time}, {room}");
            }
        }
    }

    #[::tokio::test]
    async fn what_is_no_frame_arrives_as_it_is() {
        let cut = &header(b"\xff")[..10];
        for sent in [&b"AMQP\0\0\x09\x01"[..], b"HTTP/1.1 400 Bad Request\r\n", cut, b""] {
            assert_eq!(read(sent, 2, 100).await, sent);
        }
    }
}
