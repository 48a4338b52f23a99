"""Tasks of a Celery worker, which note what they receive.

AIRLOCK_BROKER_URL, AIRLOCK_QUEUE and AIRLOCK_RECORD say where from, which, and where to. AIRLOCK_TRANSPORT_OPTIONS may
have options of the transport, as JSON.
"""

import json
import os

from celery import Celery
from celery.signals import worker_ready

from record import record

app = Celery("airlock", broker=os.environ["AIRLOCK_BROKER_URL"])
app.conf.task_default_queue = os.environ["AIRLOCK_QUEUE"]
app.conf.broker_transport_options = json.loads(os.environ.get("AIRLOCK_TRANSPORT_OPTIONS", "{}"))
# A task that a killed worker had begun is run again, and one at a time leaves the rest in the queue.
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 1
# Tests of delays don't wait for the usual second or more between two looks at the clock.
app.conf.worker_timer_precision = 0.1


@worker_ready.connect
def ready(**_):
    """The queue is there, and the worker is reading it."""
    record("ready")


def received(task):
    """Notes the message that a task is run for."""
    request = task.request
    facts = ("id", "args", "kwargs", "retries", "eta", "expires", "timelimit", "headers")
    facts += ("root_id", "parent_id", "correlation_id", "reply_to", "origin", "argsrepr", "kwargsrepr")
    facts += ("traceparent", "tracestate")
    delivery = request.delivery_info or {}
    record(
        "received",
        name=task.name,
        priority=delivery.get("priority"),
        queue=delivery.get("routing_key"),
        **{fact: getattr(request, fact, None) for fact in facts},
    )


@app.task(bind=True, name="mail.confirmation")
def mail_confirmation(self, order_id, note=None):
    """A task with two arguments."""
    received(self)


@app.task(bind=True, name="warehouse.notify")
def warehouse_notify(self, order_id):
    """A task with one argument."""
    received(self)


@app.task(bind=True, name="fails", max_retries=2, default_retry_delay=0.1)
def fails(self, reason="no reason"):
    """Fails each time, three times in all."""
    received(self)
    raise self.retry(exc=RuntimeError(reason))
