//! What the client can't read of a frame, made into what it can. Its parser recurses into tables in tables until the stack of
//! its thread ends, which ends the process; and a short text that isn't UTF-8 is an error of the connection to it.
//!
//! A frame keeps its length, and a message that no change was made in stays as it is. Of the others
//! the module `unreadable` says what can't be read.

/// How deep the headers of a message may be nested.
pub(super) const MAX_DEPTH: usize = 64;

/// Stands for each byte that isn't UTF-8. It is ASCII's character for that, SUBSTITUTE.
pub(super) const SUBSTITUTE: u8 = 0x1a;

/// The types of the frames that have something in them to be parsed.
pub(super) const METHOD: u8 = 1;
pub(super) const HEADER: u8 = 2;

/// Makes the payload of a frame readable. What is malformed stays as it is: the client refuses it.
pub(super) fn make_readable(frame_type: u8, payload: &mut [u8]) {
    let mut payload = Payload { bytes: payload, at: 0 };
    let _all_of_it = match frame_type {
        METHOD => payload.method(),
        HEADER => payload.properties(),
        _ => None,
    };
}

/// The payload of a frame, and how far it was read. `None` is that there is not as much.
///
/// Source: sections 4.2.5 and 4.2.6 of AMQP 0-9-1, and RabbitMQ's types of fields.
struct Payload<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Payload<'_> {
    /// The methods that bring what others have written.
    fn method(&mut self) -> Option<()> {
        const REPLY_CODE: usize = 2;
        const DELIVERY_TAG_AND_REDELIVERED: usize = 8 + 1;
        let (class, method) = (self.number(2)?, self.number(2)?);
        match (class, method) {
            // `connection.close` and `channel.close`: why.
            (10, 50) | (20, 40) => {
                self.skip(REPLY_CODE)?;
                self.texts(1)
            }
            // `basic.return`: why, the exchange, the routing key.
            (60, 50) => {
                self.skip(REPLY_CODE)?;
                self.texts(3)
            }
            // `basic.deliver`: the consumer, the exchange, the routing key.
            (60, 60) => {
                self.texts(1)?;
                self.skip(DELIVERY_TAG_AND_REDELIVERED)?;
                self.texts(2)
            }
            // `basic.get-ok`: the exchange, the routing key.
            (60, 71) => {
                self.skip(DELIVERY_TAG_AND_REDELIVERED)?;
                self.texts(2)
            }
            _ => Some(()),
        }
    }

    /// A content header.
    fn properties(&mut self) -> Option<()> {
        const CLASS_WEIGHT_LENGTH: usize = 2 + 2 + 8;
        self.skip(CLASS_WEIGHT_LENGTH)?;
        let flags = self.number(2)?;
        for property in 0..14 {
            if flags & (0x8000 >> property) == 0 {
                continue;
            }
            match property {
                2 => self.table(1)?,
                // The delivery mode and the priority.
                3 | 4 => self.skip(1)?,
                // The timestamp.
                9 => self.skip(8)?,
                _ => self.text()?,
            }
        }
        Some(())
    }

    fn table(&mut self, depth: usize) -> Option<()> {
        let end = self.end()?;
        while self.at < end {
            self.text()?;
            self.value(depth)?;
        }
        Some(())
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        let end = self.end()?;
        while self.at < end {
            self.value(depth)?;
        }
        Some(())
    }

    /// A value in a table or an array of this depth. What is in it too deep becomes the bytes that it is of.
    fn value(&mut self, depth: usize) -> Option<()> {
        let field_type = self.bytes.get_mut(self.at)?;
        if depth == MAX_DEPTH && [b'A', b'F'].contains(field_type) {
            *field_type = b'x';
        }
        let field_type = *field_type;
        self.skip(1)?;
        match field_type {
            b'V' => Some(()),
            b't' | b'b' | b'B' => self.skip(1),
            b's' | b'u' | b'U' => self.skip(2),
            b'I' | b'i' | b'f' => self.skip(4),
            b'D' => self.skip(5),
            b'l' | b'L' | b'd' | b'T' => self.skip(8),
            b'S' | b'x' => {
                self.at = self.end()?;
                Some(())
            }
            b'A' => self.array(depth + 1),
            b'F' => self.table(depth + 1),
            _ => None,
        }
    }

    fn texts(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.text())
    }

    fn text(&mut self) -> Option<()> {
        let begin = self.at + 1;
        let end = begin + self.number(1)?;
        substitute(self.bytes.get_mut(begin..end)?);
        self.at = end;
        Some(())
    }

    /// Where that ends whose length comes next.
    fn end(&mut self) -> Option<usize> {
        let length = self.number(4)?;
        self.at.checked_add(length).filter(|end| *end <= self.bytes.len())
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        let number = self.bytes.get(self.at..self.at + bytes)?;
        self.at += bytes;
        Some(number.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.at += bytes;
        (self.at <= self.bytes.len()).then_some(())
    }
}

/// Puts [`SUBSTITUTE`] in the place of each byte that isn't UTF-8.
fn substitute(text: &mut [u8]) {
    let mut begin = 0;
    while let Err(error) = str::from_utf8(&text[begin..]) {
        begin += error.valid_up_to();
        let length = error.error_len().unwrap_or(text.len() - begin);
        text[begin..begin + length].fill(SUBSTITUTE);
    }
}

#[cfg(all(test, feature = "celery-rabbitmq"))]
mod tests {
    use std::thread;

    use lapin::BasicProperties;
    use lapin::protocol::basic::{gen_properties, parse_properties};
    use lapin::types::{AMQPValue, FieldArray, FieldTable};

    use super::*;
    use crate::engines::shared::rabbitmq::unreadable::unreadable;

    /// The payload of a content header: lists in lists of lists as a header, so deep.
    fn nested(depth: usize) -> Vec<u8> {
        let mut value = b"V".to_vec();
        for _ in 1..depth {
            let length = u32::try_from(value.len()).expect("short").to_be_bytes();
            value = [b"A", &length[..], &value].concat();
        }
        with_headers(&[b"\x04deep", &value[..]].concat())
    }

    fn with_headers(headers: &[u8]) -> Vec<u8> {
        let length = u32::try_from(headers.len()).expect("short").to_be_bytes();
        [&[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0][..], &length, headers].concat()
    }

    /// What the client makes of it, in a thread like its own.
    fn read(mut payload: Vec<u8>) -> BasicProperties {
        make_readable(HEADER, &mut payload);
        let reading = thread::spawn(move || {
            let (rest, properties) = parse_properties(&payload[12..]).expect("it is read");
            assert_eq!(rest, [0; 0]);
            properties
        });
        reading.join().expect("it is read")
    }

    #[test]
    fn headers_that_are_nested_too_deep_are_read_and_named() {
        for depth in [1, 2, MAX_DEPTH] {
            assert_eq!(unreadable(&read(nested(depth))), None, "{depth}");
        }
        for depth in [MAX_DEPTH + 1, 2_000, 20_000] {
            let why = unreadable(&read(nested(depth))).expect("unreadable");
            assert_eq!(why, "its header `deep` is nested deeper than 64 levels");
        }
    }

    #[test]
    fn a_text_that_is_not_utf_8_is_read_and_named() {
        let why = unreadable(&read(with_headers(b"\x03a\xffbV"))).expect("unreadable");
        assert_eq!(why, "the name of its header `a\u{fffd}b` is not UTF-8");
        let inside = with_headers(b"\x01aF\0\0\0\x04\x02\xc3\xa4V\x01bF\0\0\0\x03\x01\xc3V");
        let why = unreadable(&read(inside)).expect("unreadable");
        assert_eq!(why, "its header `b` has names that are not UTF-8");
        let id = [&[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80][..], b"\x02\xfe\xff"].concat();
        let why = unreadable(&read(id)).expect("unreadable");
        assert_eq!(why, "its message id `\u{fffd}\u{fffd}` is not UTF-8");
    }

    #[test]
    fn the_texts_of_methods_are_read() {
        let deliver = |key: u8| {
            let head = [&[0, 60, 0, 60][..], b"\x01c", &[0; 9]].concat();
            [&head[..], b"\x02ex", &[1, key]].concat()
        };
        let mut payload = deliver(0xff);
        make_readable(METHOD, &mut payload);
        assert_eq!(payload, deliver(SUBSTITUTE));
    }

    #[test]
    fn what_can_be_read_stays_as_it_is() {
        let mut headers = FieldTable::default();
        let values = vec![AMQPValue::LongLongInt(1), AMQPValue::LongString("ä".into())];
        headers.insert("größe".into(), AMQPValue::FieldArray(FieldArray::from(values)));
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_headers(headers)
            .with_delivery_mode(2)
            .with_timestamp(7)
            .with_cluster_id("ä".into());
        let written = gen_properties(&properties)(Vec::new().into()).expect("written");
        let mut payload = [&[0; 12][..], &written.into_inner().0].concat();
        let before = payload.clone();
        make_readable(HEADER, &mut payload);
        assert_eq!(payload, before);
        assert_eq!(read(payload), properties);
    }

    #[test]
    fn whatever_is_malformed_is_left() {
        let good = nested(10);
        for frame_type in [METHOD, HEADER] {
            for length in 0..good.len() {
                make_readable(frame_type, &mut good[..length].to_vec());
                for byte in [0x00, 0x7f, 0xff, b'F'] {
                    let mut changed = good.clone();
                    changed[length] = byte;
                    make_readable(frame_type, &mut changed);
                }
            }
        }
    }
}
