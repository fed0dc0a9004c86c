"""Writes pretty.json: documents, and what Python's minidom makes of them.

Run by hand, in this folder: python3.11 pretty.py [seed [count]] > pretty.json
(any Python from 3.8 to 3.12 writes the same). Each case is a document and
either the toprettyxml() of its root or null where Python refuses it. Some
documents are damaged on purpose.
"""
import json
import random
import sys
from xml.dom import minidom
from xml.parsers.expat import ExpatError

rnd = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
count = int(sys.argv[2]) if len(sys.argv) > 2 else 400

NAMES = ["variable", "name", "alarm_trigger_level", "rrd_regex", "config", "x-y.z", "é", "_a", "n:b"]
PIECES = ["cpu_usage", " ", "\n", "\t", "0.5", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "'", '"', ">", "&#10;",
          "&#9;", "&#13;", "&#x41;", "é", "😀", "\r\n", "\r", "]", "]]", "=", "/", "config:", "\u00a0", "\u2028"]


def text(quote=None, most=4):
    pieces = [p for p in (rnd.choice(PIECES) for _ in range(rnd.randint(0, most))) if p != quote]
    return "".join(pieces)


def space(least=0):
    return "".join(rnd.choice([" ", "\n", "\t", "\r\n"]) for _ in range(rnd.randint(least, 2)))


def attributes(name):
    out, used = "", set()
    if name.startswith("n:") or rnd.random() < 0.1:
        used.add("xmlns:n")
    for _ in range(rnd.choice([0, 0, 1, 1, 1, 2, 3])):
        used.add(rnd.choice(["value", "class", "uuid", "n:a", "xmlns", "xml:lang", "b"]))
    if "n:a" in used:
        used.add("xmlns:n")
    order = sorted(used)
    rnd.shuffle(order)
    for key in order:
        quote = rnd.choice("\"\"\"'")
        content = "urn:" + rnd.choice("ab") if key.startswith("xmlns") else text(quote)
        out += space(1) + " " + key + rnd.choice(["=", "=", " = ", "\n="]) + quote + content + quote
    return out


def node(depth):
    kind = rnd.random()
    if kind < 0.45 and depth < 4:
        return element(depth + 1)
    if kind < 0.6:
        return text()
    if kind < 0.8:
        return space(1)
    if kind < 0.88:
        return "<!--" + rnd.choice([" c ", "", "a\r\nb", "<x/>", "&amp; \"", "- -"]) + "-->"
    if kind < 0.95:
        return "<![CDATA[" + rnd.choice(["", "a<b&c", "  ", "x\r\ny", "]]", "&amp;"]) + "]]>"
    return rnd.choice(["<?pi?>", "<?pi  data = \"1\"?>", "<?p a\r\nb ?>"])


def element(depth=0):
    name = rnd.choice(NAMES) if depth else rnd.choice(["variable", "config", "n:b"])
    head = "<" + name + attributes(name)
    children = "".join(node(depth) for _ in range(rnd.choice([0, 0, 1, 1, 2, 3, 4])))
    if not children and rnd.random() < 0.7:
        return head + space() + "/>"
    return head + space() + ">" + children + "</" + name + space() + ">"


def document():
    head = rnd.choice(["", "", "", '<?xml version="1.0"?>', "<?xml version='1.0' encoding='latin1'?>\n", "\ufeff", "<!DOCTYPE config>",
                       "<!-- first -->\n", "\n"])
    return head + element() + rnd.choice(["", "", "\n", "<!-- last -->", "<?end?>"])


def damaged(doc):
    at = rnd.randrange(len(doc))
    kind = rnd.random()
    if kind < 0.35:
        return doc[:at] + doc[at + rnd.randint(1, 3):]
    if kind < 0.7:
        return doc[:at] + rnd.choice(["<", ">", "&", '"', "'", "/", "!", "x", " ", "]]>", "--", "<b>", "</b>", "\x01", ":",
                                      "<?xml?>", "&#0;", "&nbsp;", "<![CDATA["]) + doc[at:]
    return doc[:at]


def parse(doc):
    try:
        return minidom.parseString(doc).documentElement.toprettyxml()
    except (ExpatError, UnicodeEncodeError):
        return None


cases = []
while len(cases) < count:
    doc = document()
    if rnd.random() < 0.3:
        doc = damaged(doc)
    cases.append({"in": doc, "out": parse(doc)})
json.dump(cases, sys.stdout, ensure_ascii=False, indent=0)
print()
