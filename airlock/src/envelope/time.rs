//! Times in an envelope: RFC 3339, in UTC.

use std::borrow::Cow;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serializer};

/// Writes a time. One beyond the years that can be written becomes the first or the last of them.
pub(crate) fn serialize<S: Serializer>(
    time: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let beyond = if *time > SystemTime::UNIX_EPOCH { Timestamp::MAX } else { Timestamp::MIN };
    serializer.collect_str(&Timestamp::try_from(*time).unwrap_or(beyond))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SystemTime, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    let expected = "a time with its offset, like 2026-11-23T20:31:21Z";
    parse(&text, None).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &expected))
}

/// Reads a time, which is in `unzoned` where it says no offset; `None` where it is no time.
///
/// Others write years that a timestamp does not reach, such as Python's `datetime.max` for "never": such a time becomes
/// the first or the last timestamp.
pub(crate) fn parse(text: &str, unzoned: Option<Offset>) -> Option<SystemTime> {
    let pieces = Pieces::parse(text).ok()?;
    let time = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
    let named = pieces.time_zone_annotation().is_some();
    let offset = pieces.to_numeric_offset().or(unzoned.filter(|_| !named))?;
    let beyond = if time.year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
    SystemTime::try_from(offset.to_timestamp(time).unwrap_or(beyond)).ok()
}

/// The same, of a time that may be absent.
pub(super) mod option {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(in crate::envelope) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::envelope) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        #[derive(Deserialize)]
        struct Time(#[serde(with = "super")] SystemTime);
        Ok(Option::<Time>::deserialize(deserializer)?.map(|Time(time)| time))
    }
}
