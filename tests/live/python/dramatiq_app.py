"""Actors of a Dramatiq worker, which note what they receive.

AIRLOCK_BROKER_URL, AIRLOCK_QUEUE and AIRLOCK_RECORD say where from, which, and where to.
"""

import os
import time

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import CurrentMessage

from record import record

URL = os.environ["AIRLOCK_BROKER_URL"]
QUEUE = os.environ["AIRLOCK_QUEUE"]


broker = RedisBroker(url=URL) if URL.startswith("redis") else RabbitmqBroker(url=URL)
broker.add_middleware(CurrentMessage())
dramatiq.set_broker(broker)


def received():
    """Notes the message that an actor is run for."""
    message = CurrentMessage.get_current_message()
    record(
        "received",
        name=message.actor_name,
        queue=message.queue_name,
        id=message.message_id,
        args=message.args,
        kwargs=message.kwargs,
        options=message.options,
        timestamp=message.message_timestamp,
    )


@dramatiq.actor(actor_name="mail.confirmation", queue_name=QUEUE)
def mail_confirmation(order_id, note=None):
    """An actor with two arguments."""
    received()


@dramatiq.actor(actor_name="warehouse.notify", queue_name=QUEUE)
def warehouse_notify(order_id):
    """An actor with one argument."""
    received()


@dramatiq.actor(actor_name="fails", queue_name=QUEUE, max_retries=2, min_backoff=100, max_backoff=100)
def fails(reason="no reason"):
    """Fails each time, three times in all."""
    received()
    raise RuntimeError(reason)


if __name__ == "__main__":
    # Dramatiq's command starts processes that outlive it when it is killed; this is one process.
    dramatiq.Worker(broker, worker_threads=1).start()
    if isinstance(broker, RabbitmqBroker):
        # The worker declares its queues when it first reads them, which may be later.
        broker.declare_queue(QUEUE, ensure=True)
    record("ready")
    while True:
        time.sleep(60)
