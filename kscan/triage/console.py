# SPDX-License-Identifier: GPL-2.0-only
"""Console logs as plain lines: what printk, journals, serial lines and mail put around is gone.

Any bytes will do.  Time and memory stay in proportion to the log, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kscan.model import KscanError
from kscan.source.given import content_of, unpacked

LARGEST = 64 << 20
"""Bytes; a longer log is refused."""

LONGEST_LINE = 2048
"""Characters of a line that are looked at; the kernel's own are at most 1024 long."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]{0,16}[A-Za-z]|[()][0-9A-Za-z])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]")
_QUOTES = re.compile(r"(?:[ \t]{0,4}>){1,40}[ \t]?")
_CLOCK = r"\d\d:\d\d:\d\d[\d.,]*"
_DAY = r"\d{4}-\d\d-\d\d[T ]"
_PREFIXES = (
    re.compile(r"[ \t]*<\d{1,3}>"),
    re.compile(r"[ \t]*\[[ \t]{0,12}\+?\d{1,12}\.\d{1,9}(?: <[ \d.]{1,16}>)?\]"),
    re.compile(r"[ \t]*\[[ \t]{0,12}[TC]\d{1,10}\]"),
    re.compile(r"[ \t]*\(\d{1,3}\)\[\d{1,10}:[^\]]{1,40}\]"),  # CPU and task of vendor kernels
    re.compile(r"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}(?: <[ \d.]{1,16}>)?\]"),
    re.compile(r"\[\w{3}[ \d]\d \d\d:\d\d\]"),  # dmesg -H
    re.compile(rf"\[(?:{_DAY})?{_CLOCK}\]"),  # what programs for serial lines write
    re.compile(rf"(?:\w{{3}} )?{_DAY}{_CLOCK}(?:Z|[+-]\d\d:?\d\d| [A-Z]{{3,5}})?(?=[ \t])"),
    re.compile(r"\w{3} [ \d]\d \d\d:\d\d:\d\d[\d.]*(?=[ \t])"),
    re.compile(r"\d{9,11}\.\d{1,9}(?=[ \t])"),  # journalctl -o short-unix
    re.compile(r"\d{1,4}(?:,\d{1,20}){2},[^,;]{1,3}(?:,[^;]{0,200})?;"),  # /dev/kmsg, netconsole
    re.compile(r"[ \t]?(?:[\w.:-]{1,64} )?kernel(?:\[\d*\])?:(?=[ \t])"),
)
_LATE_STAMP = re.compile(r"[^\[]{1,60}(?=\[[ \t]{0,12}\d{1,7}\.\d{6}\])")


def read(path: str) -> bytes:
    """The bytes of the log at `path`, unpacked; ``-`` is standard input.

    Raises `KscanError` for what cannot be read or is longer than `LARGEST`.
    """
    try:
        log = content_of(path, LARGEST)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise KscanError(f"{path}: {reason}; give a log, or - for standard input") from None
    if len(log) > LARGEST:
        raise KscanError(f"{path}: longer than {LARGEST >> 20} MB: cut it around the trace")
    return unpacked(path, log, LARGEST)


def lines(log: bytes) -> Iterator[tuple[str, bool]]:
    """The lines of `log` as the kernel printed them, indented; each with whether mail quotes it."""
    start = 0
    while start < len(log):
        end = log.find(b"\n", start)
        end = len(log) if end < 0 else end
        line = log[start : min(end, start + LONGEST_LINE)].decode("utf-8", "replace")
        yield plain(line), _QUOTES.match(line) is not None
        start = end + 1


def plain(line: str) -> str:
    """One line without quoting, stamps, levels, escapes and noise."""
    line = _CONTROL.sub("", _ESCAPE.sub("", line)).replace("\xa0", " ")
    quotes = _QUOTES.match(line)
    if quotes:
        line = line[quotes.end() :]
    late = _LATE_STAMP.match(line)
    if late:
        line = line[late.end() :]
    cut = True
    while cut:
        cut = False
        for prefix in _PREFIXES:
            found = prefix.match(line)
            if found:
                line = line[found.end() :]
                cut = True
    return line.rstrip()
