"""The stock daemon's logic, written anew for the comparison: what it does
with an answer of the toolstack, in the order and with the structures in which
it does it. The whole answer is held in memory: as text, and as a list of
numbers for each data source of each object.
"""

import re
import time
from xml import sax
from xml.dom import minidom


class Owner:
    """One object of the answer and its numbers, oldest first."""

    def __init__(self, objtype, uuid):
        self.objtype = objtype
        self.uuid = uuid
        self.series = {}

    def names(self):
        return list(self.series.keys())

    def value(self, name, row):
        return self.series[name][row]

    def prepend(self, name, number):
        if name not in self.series:
            self.series[name] = []
        self.series[name].insert(0, number)


class Answer:
    """What the handler makes of a document."""

    def __init__(self):
        self.rows = 0
        self.columns = 0
        self.start = 0
        self.end = 0
        self.step = 0
        self.owners = {}


class Column:
    def __init__(self, name, owner):
        self.name = name
        self.owner = owner


META = ("start", "step", "end", "rows", "columns")


class Handler(sax.ContentHandler):
    """Text is gathered while any of the elements that have a meaning is open;
    numbers are converted one by one and put in front of their list, since rows
    come newest first."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.columns = []
        self.text = ""
        self.row = 0
        self.column = 0
        self.in_start = False
        self.in_step = False
        self.in_end = False
        self.in_rows = False
        self.in_columns = False
        self.in_entry = False
        self.in_row = False
        self.in_t = False
        self.in_v = False

    def startElement(self, name, attrs):
        self.text = ""
        if name == "start":
            self.in_start = True
        elif name == "step":
            self.in_step = True
        elif name == "end":
            self.in_end = True
        elif name == "rows":
            self.in_rows = True
        elif name == "columns":
            self.in_columns = True
        elif name == "entry":
            self.in_entry = True
        elif name == "row":
            self.in_row = True
            self.column = 0
        if self.in_row:
            if name == "t":
                self.in_t = True
            elif name == "v":
                self.in_v = True

    def characters(self, content):
        inside = [
            self.in_start,
            self.in_step,
            self.in_end,
            self.in_rows,
            self.in_columns,
            self.in_entry,
            self.in_t,
            self.in_v,
        ]
        if any(inside):
            self.text += content

    def endElement(self, name):
        if name == "start":
            self.answer.start = int(self.text)
            self.in_start = False
        elif name == "step":
            self.answer.step = int(self.text)
            self.in_step = False
        elif name == "end":
            self.answer.end = int(self.text)
            self.in_end = False
        elif name == "rows":
            self.answer.rows = int(self.text)
            self.in_rows = False
        elif name == "columns":
            self.answer.columns = int(self.text)
            self.in_columns = False
        elif name == "entry":
            _, objtype, uuid, source = self.text.split(":")
            if uuid not in self.answer.owners:
                self.answer.owners[uuid] = Owner(objtype, uuid)
            self.columns.append(Column(source, self.answer.owners[uuid]))
            self.in_entry = False
        elif name == "row":
            self.in_row = False
            self.row += 1
        elif name == "t":
            t = int(self.text)
            self.answer.start = t
            if self.row == 0:
                self.answer.end = t
            self.in_t = False
        elif name == "v":
            column = self.columns[self.column]
            column.owner.prepend(column.name, float(self.text))
            self.column += 1
            self.in_v = False


def decode(text):
    """Returns the answer and its columns, in the order of the document."""
    answer = Answer()
    handler = Handler(answer)
    sax.parseString(text, handler)
    return answer, handler.columns


def average(numbers):
    return sum(numbers) / float(len(numbers))


FOLDS = {"sum": sum, "average": average, "max": max}
PATTERNS = {
    "cpu_usage": "cpu[0-9]+",
    "network_usage": "vif_[0-9]+_[rt]x",
    "disk_usage": "vbd_(xvd|hd)[a-z]+_(read|write)",
}


class Variable:
    """A configured variable and the state of its trigger."""

    def __init__(self, node, step, alarm):
        def tag(name, default=None):
            found = node.getElementsByTagName(name)
            return found[0].getAttribute("value") if found else default

        self.node = node
        self.name = tag("name")
        self.step = step
        self.alarm = alarm
        self.pattern = re.compile("^%s$" % tag("rrd_regex", PATTERNS.get(self.name)))
        self.fold = FOLDS[tag("consolidation_fn", "average" if self.name == "cpu_usage" else "sum")]
        self.period = int(tag("alarm_trigger_period", "60"))
        self.inhibit = int(tag("alarm_auto_inhibit_period", "3600"))
        self.priority = tag("alarm_priority", "3")
        level = float(tag("alarm_trigger_level"))
        if tag("alarm_trigger_sense", "high") == "high":
            self.bad = lambda: self.value > level
        else:
            self.bad = lambda: self.value < level
        self.value = None
        self.alarmed = time.time() - self.inhibit
        self.counter = self.period

    def update(self, value):
        self.value = value
        if not self.bad():
            self.counter = self.period
            return
        self.counter -= self.step
        if self.counter <= 0:
            now = time.time()
            if now - self.alarmed >= self.inhibit:
                self.alarmed = now
                self.alarm(self, "value: %f\nconfig:\n%s" % (value, self.node.toprettyxml()))
            self.counter = self.period


class Monitor:
    """The variables of one object."""

    def __init__(self, uuid, config, step, alarm):
        self.uuid = uuid
        self.variables = []
        if config:
            for node in minidom.parseString(config).getElementsByTagName("variable"):
                self.variables.append(Variable(node, step, lambda v, body: alarm(self.uuid, v, body)))

    def process(self, answer):
        owner = answer.owners[self.uuid]
        names = owner.names()
        for variable in self.variables:
            picked = list(filter(variable.pattern.match, names))
            for row in range(answer.rows):
                variable.update(variable.fold([owner.value(name, row) for name in picked]))
