"""Writes regex.json: patterns, and the names that Python's re matches whole.

Run by hand, in this folder: python3.11 regex.py [seed [count]] > regex.json
Each case is a pattern and either the indices of the names that it matches, or
null where Python refuses the pattern. Some patterns are damaged on purpose.
"""
import json
import random
import re
import signal
import sys
import warnings

warnings.simplefilter("ignore")
rnd = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
count = int(sys.argv[2]) if len(sys.argv) > 2 else 600

NAMES = ["cpu0", "cpu12", "cpu0-C1", "cpu_avg", "CPU0", "vbd_xvda_read", "vbd_nvme0n1_write", "pif_eth0_rx", "pif_eno1_tx",
         "memory_free_kib", "a", "aa", "ab", "aab", "abab", "b", "c", "0", "12", "a0", "_", "-", " ", "a b", "ba", "]", "[", ":", "a:",
         "{", "a{", "a{,}", "\\", "^", "$", "|", "\x08", "A", "AB", "aB", "n", "read", "write", "xyz"]

ATOMS = ["a", "b", "c", "0", "cpu", ".", "[0-9]", "[a-c]", "[^a]", "[]a]", "[^]]", "[a-]", "[-a]", "[a\\]b]", "[\\w]", "[\\W]", "[^\\W_]",
         "[\\d\\s]", "[\\D]", "[\\S-]", "[[:alpha:]]", "[[a]", "[a&&b]", "[\\b]", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B",
         "\\A", "\\Z", "^", "$", "\\.", "\\-", "\\_", "\\é", "é", "\\x61", "\\u0061", "\\U00000061", "\\0", "\\060", "\\141", "\\x6",
         "\\1", "\\2", "{", "}", "]", "-", ":", "_", "read", "write",
         "(?P<n>a)", "(?P=n)", "(?#x)", "(a)", "(b)?", "(?(1)a|b)", "(?(n)a)", "x", "#", " "]
BAD = ["\\z", "\\pL", "\\p{L}", "\\Q", "\\E", "\\C", "\\12", "\\8", "(?<n>a)", "(?P>n)", "(?(9)a)", "(?P<n>b|c)", "(?U:a)", "(?L:a)",
       "(?au:a)", "(?i-i:a)"]
QUANTS = ["*", "+", "?", "{2}", "{1,2}", "{,2}", "{1,}", "{,}", "{0}", "*?", "+?", "??", "{2}?", "{1001}", "{0,2000}", "{}", "{a}", "{1"]
NEW = ["*+", "++", "?+", "{1,2}+"]
OPENS = ["(", "(", "(?:", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?i:", "(?s:", "(?x:", "(?a:", "(?-i:", "(?i-s:", "(?m:",
         "(?>", "(?P<m>", "(?xi:"]
STARTS = ["", "", "", "", "", "(?i)", "(?x)", "(?s)", "(?a)", "(?u)", "(?m)", "(?i)(?x)", "(?-i)", "(?ia)", "(?a)(?u)"]


def piece(depth):
    kind = rnd.random()
    if kind < 0.3 and depth < 3:
        out = rnd.choice(OPENS) + alternatives(depth + 1) + ")"
    elif kind < 0.31:
        out = rnd.choice(STARTS)
    elif kind < 0.34:
        out = rnd.choice(BAD)
    else:
        out = rnd.choice(ATOMS)
    if rnd.random() < 0.3:
        out += rnd.choice(QUANTS if rnd.random() < 0.9 else NEW)
    return out


def alternatives(depth=0):
    return "|".join("".join(piece(depth) for _ in range(rnd.choice([0, 1, 1, 2, 2, 3]))) for _ in range(rnd.choice([1, 1, 1, 2, 3])))


def damaged(pattern):
    at = rnd.randrange(len(pattern) + 1)
    if rnd.random() < 0.5:
        return pattern[:at] + pattern[at + 1:]
    return pattern[:at] + rnd.choice("()[]{}*+?|\\^$.-:=!<>P#a1,i") + pattern[at:]


class TooSlow(Exception):
    pass


def too_slow(*_):
    raise TooSlow


def match(pattern):
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, ValueError):
        return None
    return [i for i, name in enumerate(NAMES) if compiled.fullmatch(name)]


signal.signal(signal.SIGALRM, too_slow)
cases, seen = [], set()
while len(cases) < count:
    pattern = rnd.choice(STARTS) + alternatives()
    if rnd.random() < 0.15:
        pattern = damaged(pattern)
    if pattern in seen or "\\N" in pattern:
        continue
    seen.add(pattern)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        cases.append({"pattern": pattern, "matches": match(pattern)})
    except TooSlow:
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
json.dump({"names": NAMES, "cases": cases}, sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
