#!/usr/bin/env python3
"""Makes the stores in this folder, as shelve makes them. They were made with

    python2.7 make.py dumb py2            # Python 2.7.18: dumbdbm, protocol 0
    /usr/bin/python3 make.py dumb py3     # Python 3.11: dbm.dumb, protocols 0, 1 and 2
    /usr/bin/python3 make.py gnu py3      # python3-gdbm 3.11.2, gdbm 1.23
    /usr/bin/python3 make.py ndbm py3     # Debian's _dbm, which is Berkeley DB 5.3
    /usr/bin/python3 make.py bsddb py3    # python3-bsddb3 6.2.9, Berkeley DB 5.3: hashopen, as Python 2's anydbm does
    /usr/bin/python3 make.py many py3     # gdbm and Berkeley DB with 120 records, some deleted, some large

The times are fixed, so that the records are the same each time.
"""
import os, shelve, sys

kind, who = sys.argv[1], sys.argv[2]
sys.path.insert(0, "")

RECORDS = {
    "thumbnail-0e7c2c8e-6f8d-4f52-a6f1-1b8a2f1c0001": {"time": 1765999000.25, "queue_name": "thumbnails"},
    "thumbnail-0e7c2c8e-6f8d-4f52-a6f1-1b8a2f1c0002": {"time": 1766000100, "queue_name": u"thumbnails"},
    "ogc-wps-0-11111111-2222-4333-8444-555555555555": {"time": 1766000100.5, "queue_name": "ogc_wps_0\u00e9" if who == "py3" else u"ogc_wps_0\u00e9"},
}


def fill(shelf, records):
    for name in sorted(records):
        shelf[name] = records[name]
    shelf.close()


def clean(base):
    for end in ("", ".dat", ".dir", ".bak", ".db", ".pag"):
        if os.path.exists(base + end):
            os.remove(base + end)


def name(protocol):
    base = "%s-%s-p%d" % (kind, who, protocol)
    clean(base)
    return base


for protocol in (0, 1, 2):
    if kind == "dumb":
        if who == "py2":
            import dumbdbm as dumb
        else:
            import dbm.dumb as dumb
        fill(shelve.Shelf(dumb.open(name(protocol), "n"), protocol), RECORDS)
    elif kind == "gnu":
        import dbm.gnu
        fill(shelve.Shelf(dbm.gnu.open(name(protocol), "n"), protocol), RECORDS)
    elif kind == "ndbm":
        import dbm.ndbm
        fill(shelve.Shelf(dbm.ndbm.open(name(protocol), "n"), protocol), RECORDS)
    elif kind == "bsddb":
        import bsddb3
        fill(shelve.Shelf(bsddb3.hashopen(name(protocol), "n"), protocol), RECORDS)
    elif kind == "many":
        import bsddb3, dbm.gnu
        many = {"q-%04d" % i: {"time": 1766000000 + i, "queue_name": "q%d" % (i % 7)} for i in range(120)}
        for i in range(0, 120, 40):
            many["q-%04d" % i]["queue_name"] = "long-" + "x" * (2000 + 40 * i)
        for opened, base in ((dbm.gnu.open, "many-gnu"), (bsddb3.hashopen, "many-bsddb")):
            clean(base)
            shelf = shelve.Shelf(opened(base, "n"), 0)
            for one in sorted(many):
                shelf[one] = many[one]
            for i in range(3, 120, 3):
                del shelf["q-%04d" % i]
            shelf.close()
        break
