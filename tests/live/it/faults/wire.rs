//! AMQP 0-9-1, byte by byte: messages as no client library writes them.

use std::io::{Read, Write};
use std::net::TcpStream;

use lapin::uri::AMQPUri;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const END: u8 = 0xce;

/// A connection with one channel, on which messages are confirmed.
pub(super) struct Wire(TcpStream);

impl Wire {
    pub(super) fn to(url: &str) -> Self {
        let AMQPUri { authority, .. } = url.parse().expect("a URL");
        let server = (authority.host.as_str(), authority.port);
        let mut wire = Self(TcpStream::connect(server).expect("connected"));
        wire.0.write_all(b"AMQP\0\0\x09\x01").expect("sent");
        wire.answer();
        let login = format!("\0{}\0{}", authority.userinfo.username, authority.userinfo.password);
        let start_ok = [table(b""), short(b"PLAIN"), text(login.as_bytes()), short(b"en_US")];
        wire.method(0, [10, 11], &start_ok.concat());
        let tune = wire.answer();
        // As it offers, without heartbeats.
        wire.method(0, [10, 31], &[&tune[4..10], &[0, 0]].concat());
        wire.method(0, [10, 40], b"\x01/\0\0");
        wire.answer();
        wire.method(1, [20, 10], b"\0");
        wire.answer();
        wire.method(1, [85, 10], b"\0");
        wire.answer();
        wire
    }

    /// Publishes a message, of which the properties are written already.
    pub(super) fn publish(&mut self, queue: &str, properties: &[u8], body: &[u8]) {
        let to_queue = [vec![0, 0], short(b""), short(queue.as_bytes()), vec![0]].concat();
        self.method(1, [60, 40], &to_queue);
        let length = (body.len() as u64).to_be_bytes();
        self.frame(HEADER, 1, &[&[0, 60, 0, 0], &length[..], properties].concat());
        self.frame(BODY, 1, body);
        let ack = self.answer();
        assert_eq!(ack[..4], [0, 60, 0, 80], "it is confirmed");
    }

    fn method(&mut self, channel: u8, [class, method]: [u8; 2], arguments: &[u8]) {
        self.frame(METHOD, channel, &[&[0, class, 0, method], arguments].concat());
    }

    fn frame(&mut self, frame_type: u8, channel: u8, payload: &[u8]) {
        let frame = [&[frame_type, 0, channel][..], &length(payload), payload, &[END]].concat();
        self.0.write_all(&frame).expect("sent");
    }

    /// The payload of the next frame.
    fn answer(&mut self) -> Vec<u8> {
        let mut head = [0; 7];
        self.0.read_exact(&mut head).expect("an answer");
        let [_, _, _, length @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes(length) as usize + 1];
        self.0.read_exact(&mut payload).expect("an answer");
        payload.pop();
        payload
    }
}

pub(super) fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).expect("short")], text].concat()
}

/// A long text, as an argument.
fn text(text: &[u8]) -> Vec<u8> {
    [&length(text)[..], text].concat()
}

/// A long text, as a value in a table.
pub(super) fn long(value: &[u8]) -> Vec<u8> {
    [b"S", &text(value)[..]].concat()
}

/// A table of these fields.
pub(super) fn table(fields: &[u8]) -> Vec<u8> {
    text(fields)
}

/// Arrays in arrays, so deep, as a value in a table.
pub(super) fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(b"V".to_vec(), |inside, _| [b"A", &text(&inside)[..]].concat())
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).expect("short").to_be_bytes()
}
