# SPDX-License-Identifier: GPL-2.0-only
"""One line of a call trace: raw or decoded, of arm64, arm, x86 and riscv.

Raw is what ``%pS`` prints (``lib/kallsyms.c``: ``name+0xoffset/0xsize [module]``), decoded what
``scripts/decode_stacktrace.sh`` makes of it (``name (file:line …) module``).  The arm unwinder
prints ``callee from caller`` (``arch/arm/kernel/traps.c``: ``dump_backtrace_entry()``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r"[A-Za-z_$][\w$.]{0,255}"
_RAW = rf"(?P<raw>{_NAME})\+0x[0-9a-f]{{1,8}}/0x[0-9a-f]{{1,8}}"
_PLACES = r"\((?P<places>(?>[^()\s]{1,400}:(?:\d{1,7}|\?))[^\n]{0,1200}?)\)"
_DECODED = rf"(?P<decoded>{_NAME}) {_PLACES}"
_TAIL = (
    r"(?:[ \t]+\[?(?P<module>[\w-]{1,64})(?: [0-9a-f]{8,64})?\]?)?(?:[ \t]+\([A-Z]{1,4}\))?[ \t]*$"
)
_SYMBOL = rf"(?:{_RAW}|{_DECODED})"
_ADDRESS = r"(?:\[<(?:0x)?[0-9a-fA-F]{4,16}>\][ \t]*)?"
_FRAME = re.compile(rf"^[ \t]*{_ADDRESS}(?P<guess>\?[ \t]*)?{_SYMBOL}{_TAIL}")
_FROM = re.compile(
    rf"^[ \t]*{_ADDRESS}\(?(?P<callee>{_NAME})(?: \[[\w-]{{1,64}}\])?\)?"
    rf"(?: \[[\w-]{{1,64}}\])? from {_ADDRESS}\(?{_SYMBOL}(?: \[[\w-]{{1,64}}\](?=\)))?\)?{_TAIL}"
)
_COUNTER = re.compile(
    r"^[ \t]*+(?:pc|PC is at|RIP|EIP|epc)[ \t]*+:?[ \t]*+(?:[0-9a-f]{4}:)?[ \t]*+"
    rf"{_ADDRESS}{_SYMBOL}{_TAIL}"
)
_NAMED = re.compile(rf" in {_SYMBOL}{_TAIL}")
_PLACE = re.compile(r"(?<![^\s()])([^\s()]{1,400}):(\d{1,7})")
_IN_TREE = re.compile(
    r"(?:^|/)((?:arch|block|certs|crypto|drivers|fs|include|init|io_uring|ipc|kernel|lib|mm|net"
    r"|rust|samples|security|sound|tools|usr|virt)/.*)$"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One function on the stack."""

    function: str
    """Without the suffixes of compiler clones: ``foo.isra.0`` is ``foo``."""
    path: str = ""
    """From the log, where it is decoded; below the root of the tree."""
    line: int = 0
    module: str = ""
    reliable: bool = True
    """False for an address that merely lies on the stack (``?``)."""


def frames_in(line: str) -> tuple[Frame, ...]:
    """The frames that one line of a call trace names, innermost first; none if it is no such."""
    if " from " in line:
        found = _FROM.match(line)
        if found:
            return (Frame(_plain_name(found["callee"])), _frame(found))
    found = _FRAME.match(line)
    return (_frame(found, reliable=found["guess"] is None),) if found else ()


def counter_in(line: str) -> Frame | None:
    """The frame of the program counter, where `line` gives it."""
    found = _COUNTER.match(line)
    return _frame(found) if found else None


def named_in(line: str) -> Frame | None:
    """The frame at fault, where the headline of a sanitizer names it: ``… in foo+0x1/0x2``."""
    found = _NAMED.search(line)
    return _frame(found) if found else None


def goes_on(line: str) -> bool:
    """`line` opens a list of places that it does not close: mail has broken it."""
    opened = line.rfind("(")
    return opened > line.rfind(")") and bool(re.search(r"\w \([\w./-]+:\d+\b", line))


def _frame(found: re.Match[str], *, reliable: bool = True) -> Frame:
    module = found["module"] or ""
    if found["raw"]:
        return Frame(_plain_name(found["raw"]), module=module, reliable=reliable)
    places = _PLACE.findall(found["places"])
    path, line = (below_root(places[-1][0]), int(places[-1][1])) if places else ("", 0)
    return Frame(_plain_name(found["decoded"]), path, line, module, reliable)


def _plain_name(name: str) -> str:
    return name.partition(".")[0]


def below_root(path: str) -> str:
    """`path` below the root of a kernel tree, whatever directory it was built in."""
    found = _IN_TREE.search(path)
    return found[1] if found else path.removeprefix("./")
