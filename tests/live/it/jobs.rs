//! The program `jobs` on servers. `tests/live.sh` builds it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{servers, unique};

/// All in one process, then in three; and what was given up.
fn runs_on(engine: &str, url: &str) {
    let queue = unique::name("jobs");
    let jobs = |arguments: &[&str]| {
        let mut jobs = Command::new(servers::given("AIRLOCK_JOBS"));
        jobs.args(["--engine", engine, "--url", url, "--queue", &queue]).args(arguments);
        jobs
    };
    let said = |arguments: &[&str]| {
        let ended = jobs(arguments).output().expect("it runs");
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(ended.status.success(), "{said}");
        said
    };
    // Of 60 orders two have no address.
    let all = said(&[]);
    assert!(all.contains("120 jobs are in the queue"), "{all}");
    assert!(all.contains("178 done") && all.contains("2 dead letters"), "{all}");
    let given_up = || said(&["dead", "list"]).matches("has no address").count();
    assert_eq!(given_up(), 2);
    assert!(said(&["dead", "drop", "--all"]).contains("2 dropped"));

    assert!(said(&["enqueue"]).contains("120 jobs are in the queue"));
    let worker = jobs(&["worker"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let worker = worker.expect("it runs");
    let begun = Instant::now();
    while given_up() < 2 {
        assert!(begun.elapsed() < Duration::from_mins(1), "the worker gave nothing up");
        std::thread::sleep(Duration::from_millis(100));
    }
    let killed = Command::new("kill").args(["-INT", &worker.id().to_string()]).status();
    assert!(killed.expect("there is a `kill`").success());
    let ended = worker.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{told}");
    assert!(told.contains("2 dead letters"), "{told}");
    println!("jobs --engine {engine}: {}", told.lines().last().unwrap_or_default());
    assert!(said(&["dead", "retry", "--all"]).contains("2 back in the queue"));
    assert_eq!(given_up(), 0);
}

macro_rules! runs_on {
    ($($name:ident: $engine:literal at $url:ident,)*) => {$(
        #[test]
        #[ignore = "needs servers: run tests/live.sh"]
        fn $name() {
            runs_on($engine, &servers::$url());
        }
    )*};
}

runs_on! {
    on_postgres: "postgres" at postgres_url,
    on_graphile: "graphile" at postgres_url,
    on_redis: "redis" at redis_url,
    on_celery_over_redis: "celery" at redis_url,
    on_celery_over_rabbitmq: "celery" at amqp_url,
}
