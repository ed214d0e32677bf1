# SPDX-License-Identifier: GPL-2.0-only
"""The lines by which a hazard is known in a log: ``signatures.toml``, typed."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_BY_DEVICE = re.compile(r"[ \t]*([\w:./-]{1,100}) ([\w:.@/-]{1,200}): ")


@dataclass(frozen=True, slots=True)
class Signature:
    """One line that the kernel prints when a hazard comes true."""

    id: str
    phrase: str
    function: str
    """The one that prints it, and has no other WARN."""
    path: str
    bind: tuple[str, ...]
    """Functions that call the path when a driver binds."""
    filter: str
    """The callback that says whether the device is served at all."""
    explained_by: tuple[str, ...]
    """Rules whose findings can be why."""
    called_outside: tuple[str, ...]
    """Rules that find callers of the path other than a bus."""


@cache
def signatures() -> tuple[Signature, ...]:
    """All signatures, in file order."""
    return tuple(
        Signature(
            entry["id"],
            entry["phrase"],
            entry["function"],
            entry["path"],
            tuple(entry["bind"]),
            entry["filter"],
            tuple(entry["explained_by"]),
            tuple(entry["called_outside"]),
        )
        for entry in _document()["signature"]
    )


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "signatures.toml").read_text(encoding="utf-8"))


@cache
def _reporters() -> re.Pattern[str]:
    names = (re.escape(name).replace(r"\*", ".*") for name in _document()["reporters"]["names"])
    return re.compile("|".join(names))


def reports(function: str) -> bool:
    """`function` is on a trace because it reports the fault."""
    return _reporters().fullmatch(function) is not None


def device_in(line: str) -> tuple[str, str] | None:
    """Driver and device, as ``dev_printk()`` writes them, where `line` has a known phrase."""
    for signature in signatures():
        if signature.phrase in line:
            named = _BY_DEVICE.match(line)
            if named and line.startswith(signature.phrase, named.end()):
                return named[1], named[2]
    return None


def of_line(line: str) -> Signature | None:
    """The signature whose phrase stands in `line`."""
    return next((signature for signature in signatures() if signature.phrase in line), None)


def of_place(function: str, path: str) -> Signature | None:
    """The signature that a WARN in `function` is; its `path` may not be known."""
    return next(
        (s for s in signatures() if s.function == function and path in ("", s.path)),
        None,
    )
