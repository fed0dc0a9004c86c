"""A daemon with the stock one's logic: a session, an answer over HTTP with
all rows since the last one, the configuration of the whole pool now and then,
a look at every row of every variable, and a sleep.

    daemon.py ADDRESS INTERVAL STEP
"""

import gc
import random
import sys
import time
import urllib.request
import xmlrpc.client

import stock


class Session:
    def __init__(self, address):
        self.server = xmlrpc.client.ServerProxy("http://%s" % address)
        self.ref = ""
        self.ref = self.call("session.login_with_password", "root", "xapitest", "1.0", "bench")

    def call(self, method, *args):
        if self.ref:
            args = (self.ref,) + args
        reply = getattr(self.server, method)(*args)
        if reply["Status"] != "Success":
            raise RuntimeError("%s: %s" % (method, reply["ErrorDescription"]))
        return reply["Value"]


class Daemon:
    def __init__(self, address, interval, step):
        self.address = address
        self.interval = interval
        self.step = step
        self.session = Session(address)
        self.start = int(time.time()) - interval
        self.configs = {}
        self.configured = None
        self.monitors = {}

    def fetch(self):
        params = {
            "session_id": self.session.ref,
            "start": self.start,
            "host": "true",
            "sr_uuid": "all",
            "cf": "AVERAGE",
            "interval": str(self.step),
        }
        query = "&".join(["%s=%s" % (k, params[k]) for k in params])
        with urllib.request.urlopen("http://%s/rrd_updates?%s" % (self.address, query)) as reply:
            text = reply.read().decode("utf-8")
        answer, _ = stock.decode(text)
        self.start = answer.end + 1
        return answer

    def configure(self):
        """All hosts, VMs and SRs of the pool, every half hour."""
        if self.configured is not None and time.time() - self.configured < 1800:
            return
        self.configured = time.time()
        self.configs = {}
        for objtype in ("host", "VM", "SR"):
            for record in self.session.call(objtype + ".get_all_records").values():
                if "perfmon" in record["other_config"]:
                    self.configs[record["uuid"]] = record["other_config"]["perfmon"]

    def sync(self, answer):
        for uuid in list(self.monitors):
            if uuid not in answer.owners:
                del self.monitors[uuid]
        for uuid, owner in answer.owners.items():
            if uuid not in self.monitors:
                self.monitors[uuid] = stock.Monitor(uuid, self.configs.get(uuid), self.step, self.alarm(owner.objtype))

    def alarm(self, objtype):
        cls = {"vm": "VM", "host": "Host", "sr": "SR"}[objtype]

        def create(uuid, variable, body):
            self.session.call("message.create", "ALARM", variable.priority, cls, uuid, body)

        return create

    def run(self):
        while True:
            answer = self.fetch()
            self.configure()
            self.sync(answer)
            for objtype in ("vm", "host", "sr"):
                for uuid in [o.uuid for o in answer.owners.values() if o.objtype == objtype]:
                    self.monitors[uuid].process(answer)
            gc.collect()
            time.sleep(random.uniform(self.interval, 1.05 * self.interval))


Daemon(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])).run()
