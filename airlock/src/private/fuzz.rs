//! Parsers that are not public, for the targets in `fuzz/`.

pub use crate::engines::celery::fuzz::{
    celery_rabbitmq, celery_redis, headers_as_json, headers_of_json,
};
pub use crate::engines::dramatiq::fuzz::dramatiq;
