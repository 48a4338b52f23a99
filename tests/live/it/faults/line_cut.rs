//! The connection is cut and comes back: the enqueuer's, in the middle of what it sends or before it
//! hears the answer, and the worker's.

use std::time::Duration;

use airlock::Intent;
use airlock_live::{Engine, Sender, Server, ship, worker};
use tokio::time::sleep;

use crate::faults::{MANY, Place, Ran, eventually, flush, on, orders, tell};
use crate::proxy::Proxy;

/// A handle whose connections go through a line that can be cut.
async fn over<S: Sender>(place: &Place, line: &Proxy) -> S {
    S::on_queue(line.url(), &place.queue).await.expect("opened")
}

mod while_sending {
    use super::*;

    /// More than a window of messages in flight, 2,000 of Celery's being 1 MB: some are confirmed by then.
    const LATE: usize = 1_500_000;

    /// After how many bytes the line is cut, one flush after another.
    const CUTS: [usize; 4] = [0, 5_000, 200_000, LATE];

    async fn cut<S: Sender>(bytes: usize) -> (Place, u64, String) {
        let place = Place::shared::<S>();
        let line = Proxy::to(&place.url);
        let sender = over::<S>(&place, &line).await;
        flush(&sender, [ship::intent(0)]).await.all_left();

        line.cut_after_sent(bytes);
        let failed = flush(&sender, orders(MANY)).await;
        assert!(!line.is_open(), "a flush is longer than that");
        let (dispatched, back) = (failed.report.dispatched() as u64, failed.handed_back.len());
        assert!(back > 0, "it can't have left whole");
        if S::ATOMIC {
            assert_eq!(dispatched, 0, "{}", failed.error());
        } else if bytes == LATE {
            assert!(dispatched > 0 && failed.report.not_attempted() > 0, "{}", failed.error());
            assert!(failed.error().contains("may have arrived"), "{}", failed.error());
        }
        let cut_off = flush(&sender, [ship::intent(0)]).await;
        assert_eq!(cut_off.handed_back.len(), 1, "it is cut still");

        line.restore();
        let twice = place.held(&sender).await - 1 - dispatched;
        assert!(!S::ATOMIC || twice == 0, "{twice} of half a flush are there");
        flush(&sender, failed.handed_back).await.all_left();
        assert_eq!(place.held(&sender).await, 1 + MANY + twice);
        let told =
            format!("{dispatched} dispatched, {back} handed back, {twice} of which had arrived");
        (place, twice, told)
    }

    async fn served<E: Engine>() {
        for bytes in CUTS {
            let (place, twice, told) = cut::<E>(bytes).await;
            place.serve(&place.open::<E>().await, 0..=MANY).await;
            let ran = Ran::all(&place.record(), 0..=MANY);
            assert_eq!(ran.more_often, twice, "what had arrived runs twice, and nothing else");
            tell::<E>("cut while sending", format_args!("{bytes} bytes: {told}; then {ran}"));
        }
    }

    async fn sent<S: Sender>() {
        for bytes in CUTS {
            let (.., told) = cut::<S>(bytes).await;
            tell::<S>("cut while sending", format_args!("{bytes} bytes: {told}"));
        }
    }

    on!(served: apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
    on!(sent: dramatiq_rabbitmq, dramatiq_redis);
}

mod before_the_answer {
    use super::*;

    /// How many intents each flush has.
    const SIZE: u64 = 10;

    /// After how many bytes of answers the line is cut: at every place of a flush, from the first
    /// question whether the connection lives to the last confirmation, which is 18 bytes or more.
    fn places(apart: usize) -> impl Iterator<Item = usize> {
        (0..3_000).step_by(apart)
    }

    struct Cut {
        place: Place,
        flushes: u64,
        handed_back: u64,
        arrived: u64,
        duplicates: u64,
        /// Flushes that are said not to have left.
        sure: u64,
    }

    async fn cut<S: Sender>(intents: impl Fn(u64) -> Intent) -> Cut {
        let place = Place::shared::<S>();
        let line = Proxy::to(&place.url);
        let sender = over::<S>(&place, &line).await;
        flush(&sender, [intents(0)]).await.all_left();
        let mut cut = Cut { place, flushes: 0, handed_back: 0, arrived: 0, duplicates: 0, sure: 0 };
        for (apart, bytes) in
            [12, 5].into_iter().flat_map(|apart| places(apart).map(move |at| (apart, at)))
        {
            // More closely only where no answer was lost yet.
            if apart < 12 && cut.arrived > 0 {
                break;
            }
            let before = cut.place.held(&sender).await;
            let orders = (1..=SIZE).map(|order| cut.flushes * SIZE + order);
            line.cut_after_answered(bytes);
            let failed = flush(&sender, orders.map(&intents)).await;
            line.restore();
            let (dispatched, back) = (failed.report.dispatched(), failed.handed_back.len());
            let arrived = cut.place.held(&sender).await - before - dispatched as u64;
            let unsure = ["may have arrived", "can't tell whether"];
            let unsure =
                failed.error.iter().any(|said| unsure.iter().any(|text| said.contains(text)));
            assert!(
                arrived == 0 || unsure || !S::SAYS_WHEN_UNSURE,
                "{arrived} arrived: {:?}",
                failed.error
            );
            cut.sure += u64::from(back > 0 && !unsure);
            let again = flush(&sender, failed.handed_back).await;
            again.all_left();
            cut.flushes += 1;
            cut.handed_back += back as u64;
            cut.arrived += arrived;
            cut.duplicates += again.report.duplicates() as u64;
        }
        assert!(cut.arrived > 0, "an answer was lost");
        // A database is asked several things before it commits.
        assert!(S::SERVER != Server::Postgres || cut.sure > 0, "and one before that");
        cut
    }

    async fn run<E: Engine>(cut: &Cut) -> Ran {
        let (place, last) = (&cut.place, cut.flushes * SIZE);
        place.serve(&place.open::<E>().await, 0..=last).await;
        Ran::all(&place.record(), 0..=last)
    }

    fn told(cut: &Cut) -> String {
        let Cut { flushes, handed_back, arrived, .. } = cut;
        let enqueued = flushes * SIZE;
        format!("{enqueued} enqueued, {handed_back} handed back, {arrived} of which had arrived")
    }

    async fn served<E: Engine>() {
        let cut = cut::<E>(ship::intent).await;
        let ran = run::<E>(&cut).await;
        assert_eq!(ran.more_often, cut.arrived, "what had arrived runs twice, and nothing else");
        tell::<E>("answer lost", format_args!("{}; then {ran}", told(&cut)));
    }

    async fn sent<S: Sender>() {
        tell::<S>("answer lost", told(&cut::<S>(ship::intent).await));
    }

    on!(served: apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
    on!(sent: dramatiq_rabbitmq, dramatiq_redis);

    mod with_unique_keys {
        use super::*;

        async fn served<E: Engine>() {
            let prefix = crate::unique::name("key");
            let keyed = |order| ship::intent(order).unique_key(format!("{prefix}-{order}"));
            let cut = cut::<E>(keyed).await;
            assert_eq!(cut.duplicates, cut.arrived, "what had arrived is left out");
            let ran = run::<E>(&cut).await;
            assert_eq!(ran.more_often, 0);
            tell::<E>("answer lost, unique keys", format_args!("{}; then {ran}", told(&cut)));
        }

        on!(served: apalis_postgres, apalis_redis, graphile, celery_redis);
    }
}

mod while_working {
    use super::*;

    /// After how many bytes of answers the line is cut, one after another.
    const CUTS: [usize; 12] =
        [0, 1_000, 3_000, 10_000, 11_000, 12_345, 20_000, 30_001, 33_000, 40_000, 50_000, 70_000];

    /// Nothing is lost, also of what was taken by an answer that the worker has never heard.
    async fn fault<E: Engine>() {
        let place = Place::shared::<E>();
        let straight = place.open::<E>().await;
        flush(&straight, orders(MANY)).await.all_left();
        let line = Proxy::to(&place.url);
        let engine = over::<E>(&place, &line).await;
        let record = place.record();
        let cutting = async {
            eventually("it works", async || !record.count("ran").is_empty()).await;
            for bytes in CUTS {
                sleep(Duration::from_millis(100)).await;
                line.cut_after_answered(bytes);
                sleep(Duration::from_millis(100)).await;
                line.cut();
                sleep(Duration::from_millis(100)).await;
                line.restore();
            }
        };
        let worker = worker(place.record()).concurrency(4);
        tokio::join!(place.serve_with(worker, &engine, 1..=MANY), cutting);
        let ran = Ran::all(&place.record(), 1..=MANY);
        let line = format_args!("{} cuts, {MANY} enqueued; {ran}", CUTS.len());
        tell::<E>("worker's connection cut", line);
    }

    on!(fault: apalis_postgres, apalis_redis, graphile, celery_rabbitmq, celery_redis);
}
