# The tasks of the tests. Each writes a line to a file when it starts and one
# when it ends, with its id, so that a test sees what was lost or ran twice:
#
#   start 6f0c… q worker@vm-a first 1763822824.12
#   end 6f0c… q worker@vm-a first 1763822825.13
import os
import time

from celery import Celery

app = Celery("tasks", broker=os.environ["WORKTEST_BROKER"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_heartbeat=60,  # a busy machine may keep a worker from its turn for long
    task_acks_late=os.environ.get("WORKTEST_ACKS_LATE") == "1",
    worker_prefetch_multiplier=int(os.environ.get("WORKTEST_PREFETCH", "4")),
)


def note(what, request):
    again = "redelivered" if request.delivery_info.get("redelivered") else "first"
    line = "%s %s %s %s %s %.3f\n" % (what, request.id, request.delivery_info.get("routing_key"), request.hostname, again, time.time())
    log = os.open(os.environ["WORKTEST_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(log, line.encode())  # one write: lines of several workers do not mix
    finally:
        os.close(log)


@app.task(bind=True, name="work")
def work(self, seconds=0.0):
    """Takes so many seconds."""
    note("start", self.request)
    time.sleep(seconds)
    note("end", self.request)


@app.task(bind=True, name="hold")
def hold(self, gate):
    """Takes until a file is there."""
    note("start", self.request)
    while not os.path.exists(gate):
        time.sleep(0.02)
    note("end", self.request)


@app.task(bind=True, name="fail")
def fail(self):
    """Fails."""
    note("start", self.request)
    raise ValueError("as asked")
