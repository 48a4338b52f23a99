//! Celery and Dramatiq over RabbitMQ.

use airlock::{celery, dramatiq};
use airlock_live::Sender;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
    QueuePurgeOptions,
};
use lapin::types::{AMQPValue, FieldArray, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use crate::message::{self, Arguments, CeleryHeaders};
use crate::pushing::Pushing;
use crate::queue::Queue;
use crate::rounds::Bench;
use crate::{pushing, server, unique, working};

const CELERY: &str = "celery RabbitMQ";
const DRAMATIQ: &str = "dramatiq RabbitMQ";
const URL: &str = "AIRLOCK_AMQP_URL";

pub(crate) async fn pushing(bench: &mut Bench) {
    let Some(url) = server(bench, URL, &[CELERY, DRAMATIQ]) else { return };
    measure::<celery::RabbitMq>(bench, CELERY, &url).await;
    measure::<dramatiq::RabbitMq>(bench, DRAMATIQ, &url).await;
}

async fn measure<E: Published>(bench: &mut Bench, name: &str, url: &str) {
    if bench.wants(name) {
        let engine = RabbitMq::<E>::new(url).await;
        pushing::measure(bench, name, &engine).await;
        engine.delete().await;
    }
}

pub(crate) async fn working(bench: &mut Bench) {
    let Some(url) = server(bench, URL, &[CELERY]) else { return };
    let celery = RabbitMq::<celery::RabbitMq>::new(&url).await;
    working::measure_alone(bench, CELERY, &celery).await;
    celery.delete().await;
}

/// One queue, with a channel that confirms.
struct RabbitMq<E> {
    queue: Queue<E>,
    channel: Channel,
}

/// What a message looks like.
trait Published: Sender {
    fn message(order_id: u64, queue: &str) -> (BasicProperties, Vec<u8>);
}

impl<E: Sender> RabbitMq<E> {
    async fn new(url: &str) -> Self {
        let queue = Queue::open(url, &unique::name()).await;
        let connection = Connection::connect(url, ConnectionProperties::default()).await;
        let channel = connection.expect("connected").create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        let durable = QueueDeclareOptions::durable();
        let declared =
            channel.queue_declare(queue.name.as_str().into(), durable, FieldTable::default()).await;
        declared.expect("declared");
        Self { queue, channel }
    }

    async fn delete(self) {
        let options = QueueDeleteOptions::default();
        self.channel.queue_delete(self.queue.name.into(), options).await.expect("deleted");
    }
}

impl<E: Published> Pushing for RabbitMq<E> {
    type Ours = E;

    /// Publishes without waiting, and then waits for all confirms.
    async fn theirs(&self, count: u64) {
        let queue = self.queue.name.as_str();
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let mut confirms = Vec::new();
        for order_id in 0..count {
            let (properties, body) = E::message(order_id, queue);
            let sent =
                self.channel.basic_publish("".into(), queue.into(), options, &body, properties);
            confirms.push(sent.await.expect("sent"));
        }
        for confirm in confirms {
            let confirmation = confirm.await.expect("answered");
            assert!(confirmation.is_ack() && confirmation.take_message().is_none());
        }
    }

    async fn empty(&self) {
        let options = QueuePurgeOptions::default();
        self.channel.queue_purge(self.queue.name.as_str().into(), options).await.expect("emptied");
    }

    fn queue(&self) -> &Queue<E> {
        &self.queue
    }
}

impl Published for celery::RabbitMq {
    fn message(order_id: u64, _: &str) -> (BasicProperties, Vec<u8>) {
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

impl Published for dramatiq::RabbitMq {
    fn message(order_id: u64, queue: &str) -> (BasicProperties, Vec<u8>) {
        let (id, body) = message::dramatiq(order_id, queue, false);
        let properties =
            BasicProperties::default().with_delivery_mode(2).with_message_id(id.to_string().into());
        (properties, body)
    }
}
