"""Decodes a document with the stock daemon's logic and prints what the other
drivers print: decode.py FILE [ordered]."""

import json
import resource
import struct
import sys

import stock


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def checksum(answer, columns):
    """See package checksum. The lists begin with the oldest row."""
    mix = xor = count = 0
    mask = (1 << 64) - 1
    for row in range(answer.rows - 1, -1, -1):
        for column in columns:
            v = column.owner.value(column.name, row)
            bits = struct.unpack("<Q", struct.pack("<d", v))[0] if v == v else 0x7FF8000000000001
            xor ^= bits
            count += 1
            m = (mix ^ bits) * 0x9E3779B97F4A7C15 & mask
            mix = (m << 5 | m >> 59) & mask
    return {"mix": "%x" % mix, "xor": "%x" % xor, "count": count}


def main():
    with open(sys.argv[1], "rb") as f:
        text = f.read().decode("utf-8")
    began = cpu()
    answer, columns = stock.decode(text)
    report = {"cpu_ns": 1e9 * (cpu() - began), "passes": 1}
    if len(sys.argv) > 2:
        report.update(checksum(answer, columns))
    print(json.dumps(report))


main()
