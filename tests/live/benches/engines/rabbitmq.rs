//! Celery and Dramatiq over RabbitMQ.

use airlock::{Executor, celery, dramatiq};
use airlock_live::Sender;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
    QueuePurgeOptions,
};
use lapin::types::{AMQPValue, FieldArray, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use crate::message::{self, Arguments, CeleryHeaders};
use crate::pushing::{Pushing, batch};
use crate::rounds::Bench;
use crate::working::{TASKS, run};
use crate::{pushing, server, unique, working};

const CELERY: &str = "celery RabbitMQ";
const DRAMATIQ: &str = "dramatiq RabbitMQ";
const URL: &str = "AIRLOCK_AMQP_URL";

pub(crate) async fn pushing(bench: &mut Bench) {
    let Some(url) = server(bench, URL, &[CELERY, DRAMATIQ]) else { return };
    if bench.wants(CELERY) {
        let celery = RabbitMq::new(&url).await;
        let delete = celery.delete();
        pushing::measure(bench, CELERY, Celery(celery)).await;
        delete.await;
    }
    if bench.wants(DRAMATIQ) {
        let dramatiq = RabbitMq::new(&url).await;
        let delete = dramatiq.delete();
        pushing::measure(bench, DRAMATIQ, Dramatiq(dramatiq)).await;
        delete.await;
    }
}

pub(crate) async fn working(bench: &mut Bench) {
    let Some(url) = server(bench, URL, &[CELERY]) else { return };
    let celery = RabbitMq::<celery::RabbitMq>::new(&url).await;
    working::measure_alone(bench, CELERY, async || {
        batch(celery.ours.clone(), TASKS.into()).await;
        run(celery.ours.clone()).await
    })
    .await;
    celery.delete().await;
}

/// One queue, with our handle on it and a channel with confirms.
struct RabbitMq<E> {
    ours: E,
    url: String,
    queue: String,
    channel: Channel,
}

impl<E: Sender> RabbitMq<E> {
    async fn new(url: &str) -> Self {
        let queue = unique::name();
        let ours = E::on_queue(url, &queue).await.expect("connected");
        let connection = Connection::connect(url, ConnectionProperties::default()).await;
        let channel = connection.expect("connected").create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        let durable = QueueDeclareOptions::durable();
        let declared =
            channel.queue_declare(queue.as_str().into(), durable, FieldTable::default()).await;
        declared.expect("declared");
        Self { ours, url: url.to_owned(), queue, channel }
    }

    async fn held(&self) -> u64 {
        self.ours.held(&self.url, &self.queue).await as u64
    }

    async fn empty(&self) {
        let options = QueuePurgeOptions::default();
        self.channel.queue_purge(self.queue.as_str().into(), options).await.expect("emptied");
    }

    fn delete(&self) -> impl Future<Output = ()> + use<E> {
        let (channel, queue) = (self.channel.clone(), self.queue.clone());
        async move {
            let options = QueueDeleteOptions::default();
            channel.queue_delete(queue.into(), options).await.expect("deleted");
        }
    }

    /// Publishes without waiting, and then waits for all confirms.
    async fn publish(&self, messages: impl Iterator<Item = (BasicProperties, Vec<u8>)>) {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let mut confirms = Vec::new();
        for (properties, body) in messages {
            let queue = self.queue.as_str().into();
            let sent =
                self.channel.basic_publish("".into(), queue, options, &body, properties).await;
            confirms.push(sent.expect("sent"));
        }
        for confirm in confirms {
            let confirmation = confirm.await.expect("answered");
            assert!(confirmation.is_ack() && confirmation.take_message().is_none());
        }
    }
}

struct Celery(RabbitMq<celery::RabbitMq>);

impl Pushing for Celery {
    async fn theirs(&self, count: u64) {
        let messages = (0..count).map(|order_id| {
            let arguments = Arguments { order_id };
            let headers = CeleryHeaders::new(&arguments);
            let id = headers.id.to_string();
            let properties = BasicProperties::default()
                .with_content_type("application/json".into())
                .with_content_encoding("utf-8".into())
                .with_delivery_mode(2)
                .with_correlation_id(id.as_str().into())
                .with_message_id(id.as_str().into())
                .with_headers(table(&headers, &id));
            (properties, message::celery_body(&arguments))
        });
        self.0.publish(messages).await;
    }

    async fn held(&self) -> u64 {
        self.0.held().await
    }

    async fn empty(&self) {
        self.0.empty().await;
    }

    fn ours(&self) -> impl Executor + Clone {
        self.0.ours.clone()
    }
}

fn table(headers: &CeleryHeaders, id: &str) -> FieldTable {
    let text = |text: &str| AMQPValue::LongString(LongString::from(text));
    let nothing = || AMQPValue::Void;
    let mut table = FieldTable::default();
    for (name, value) in [
        ("lang", text(headers.lang)),
        ("task", text(headers.task)),
        ("id", text(id)),
        ("root_id", text(id)),
        ("parent_id", nothing()),
        ("group", nothing()),
        ("retries", AMQPValue::LongLongInt(headers.retries.into())),
        ("timelimit", AMQPValue::FieldArray(FieldArray::from(vec![nothing(), nothing()]))),
        ("eta", nothing()),
        ("expires", nothing()),
        ("argsrepr", text(headers.argsrepr)),
        ("kwargsrepr", text(&headers.kwargsrepr)),
        ("origin", text(headers.origin)),
    ] {
        table.insert(name.into(), value);
    }
    table
}

struct Dramatiq(RabbitMq<dramatiq::RabbitMq>);

impl Pushing for Dramatiq {
    async fn theirs(&self, count: u64) {
        let messages = (0..count).map(|order_id| {
            let (id, body) = message::dramatiq(order_id, &self.0.queue, false);
            let properties = BasicProperties::default()
                .with_delivery_mode(2)
                .with_message_id(id.to_string().into());
            (properties, body)
        });
        self.0.publish(messages).await;
    }

    async fn held(&self) -> u64 {
        self.0.held().await
    }

    async fn empty(&self) {
        self.0.empty().await;
    }

    fn ours(&self) -> impl Executor + Clone {
        self.0.ours.clone()
    }
}
