//! What airlock does with real servers. `tests/live.sh` starts them and runs this.

mod apalis_postgres;
mod apalis_redis;
mod apalis_sql;
mod apalis_sqlite;
mod apalis_storage;
mod celery_rabbitmq;
mod celery_redis;
mod dramatiq_rabbitmq;
mod dramatiq_redis;
mod faults;
mod graphile;
mod jobs;
mod leftovers;
mod proxy;
mod python;
mod round_trips;
mod servers;
mod shop;
mod support;
mod trace;
mod transactions;
mod unique;
