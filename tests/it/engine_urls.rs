//! A URL of something else than the engine is refused by its scheme, and shows nothing of its password.

use std::io::Read;
use std::net::TcpListener;

use airlock::EngineError;
use airlock::apalis::{Postgres, Sqlite};
use airlock::graphile::Graphile;
use airlock::{apalis, celery, dramatiq};

const OF_THE_WEB: &str = "http://ann:sesame@localhost:5432/shop";

fn refused<T>(connected: Result<T, EngineError>) -> String {
    let Err(error) = connected else { panic!("it has connected") };
    let said = error.to_string();
    assert!(!said.contains("sesame"), "{said}");
    said
}

#[tokio::test]
async fn each_engine_names_the_scheme_and_what_is_expected() {
    let postgres = "can't read the URL of PostgreSQL: its scheme is `http`, where PostgreSQL has `postgres`, \
                        `postgresql`: it is like postgres://user:password@host:5432/database";
    assert_eq!(refused(Postgres::connect(OF_THE_WEB).await), postgres);
    assert_eq!(refused(Graphile::connect(OF_THE_WEB).await), postgres);

    let sqlite = refused(Sqlite::connect(OF_THE_WEB).await);
    let expected = "can't read the URL of SQLite: its scheme is `http`, where SQLite has `sqlite`, `file`: it is \
                        like sqlite:jobs.db";
    assert_eq!(sqlite, expected);

    for said in [
        refused(apalis::Redis::connect(OF_THE_WEB).await),
        refused(celery::Redis::connect(OF_THE_WEB).await),
        refused(dramatiq::Redis::connect(OF_THE_WEB).await),
    ] {
        assert!(said.starts_with("can't read the URL of Redis: its scheme is `http`"), "{said}");
        assert!(said.ends_with("it is like redis://user:password@host:6379/0"), "{said}");
    }
    for said in [
        refused(celery::RabbitMq::connect(OF_THE_WEB).await),
        refused(dramatiq::RabbitMq::connect(OF_THE_WEB).await),
    ] {
        assert!(said.starts_with("can't read the URL of RabbitMQ: its scheme is `http`"), "{said}");
        assert!(said.ends_with("it is like amqp://user:password@host:5672/%2f"), "{said}");
    }
}

/// The client would connect without TLS, and send the password.
#[tokio::test]
async fn rabbitmq_over_tls_without_a_feature_for_it_is_refused_and_nothing_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("amqps://ann:sesame@{}/%2f", listener.local_addr().expect("it is bound"));
    let said = [
        refused(celery::RabbitMq::connect(&url).await),
        refused(dramatiq::RabbitMq::connect(&url).await),
    ];
    for said in said {
        let expected = "the scheme `amqps` asks for TLS, and `lapin` was compiled without it: turn on its feature \
                        `rustls` or `native-tls` in your `Cargo.toml`";
        assert!(said.ends_with(expected), "{said}");
        let (mut stream, _) = listener.accept().expect("it has connected");
        let mut sent = Vec::new();
        stream.read_to_end(&mut sent).expect("it is closed");
        assert_eq!(sent, [0; 0]);
    }
}

/// Engines are mixed up too, and what is no scheme is not shown as one.
#[tokio::test]
async fn the_url_of_another_engine_is_refused_as_well() {
    let said = refused(Sqlite::connect("postgres://ann:sesame@localhost/shop").await);
    assert!(said.contains("its scheme is `postgres`"), "{said}");
    let said = refused(Postgres::connect("redis://ann:sesame@localhost").await);
    assert!(said.contains("its scheme is `redis`"), "{said}");
    let said = refused(Postgres::connect("ann:sesame://localhost").await);
    assert!(said.starts_with("can't read the URL of PostgreSQL: it has no scheme: "), "{said}");
}
