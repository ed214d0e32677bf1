# SPDX-License-Identifier: GPL-2.0-only
"""``kscan.toml``: accepted findings with their reasons, and what the bot makes of a range.

Every key is known or an error that names it: a misspelt suppression must not pass for one.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from kscan.model import Confidence, KscanError, Severity

NAME = "kscan.toml"
LARGEST = 1 << 20
"""Bytes; a longer file is refused."""

MOST_DOTS = 200
"""In one line; of the parts of a key tomllib takes a time that grows with their square."""


class Suppress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[suppress]]`` entry: which findings are accepted, and why."""

    reason: str
    """Shown with every finding it accepts."""
    path: str = ""
    """Shell pattern below the root of the tree; ``*`` crosses directories."""
    function: str = ""
    """Shell pattern of the function the finding stands in, or of its callback."""
    rule: str = ""
    expires: date | None = None
    """The last day it holds."""


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The findings a policy is about: of these rules, at least this bad, at least this certain."""

    severity: Severity = Severity.NOTE
    confidence: Confidence = Confidence.MEDIUM
    rules: tuple[str, ...] = ()
    """Rule ids; none means all."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bot says, and what it fails on: what a range introduces, and more if asked."""

    comment: Threshold = Threshold()
    fail: Threshold = Threshold(Severity.ERROR, Confidence.HIGH)
    fail_on_new_skips: bool = False
    """Fail, and not only say so, where the head has files that could not be analysed."""
    fail_on_still_there: bool = False
    """What stands in the functions that a range changes, or was hidden, counts as introduced."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    suppress: tuple[Suppress, ...] = ()
    policy: Policy = Policy()


def read_config(path: Path) -> Config:
    """The configuration in `path`; raises `KscanError` that names the file and the key."""
    try:
        if path.stat().st_size > LARGEST:
            raise KscanError(f"{path}: larger than {LARGEST >> 20} MB; not a configuration")
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise KscanError(f"{path}: {reason}; give a {NAME} that can be read") from None
    return config_of(content, str(path))


def config_of(content: bytes, name: str = NAME) -> Config:
    """The configuration that `content` spells; raises `KscanError`, which calls it `name`."""
    refuse_dots(content, name)
    try:
        document: dict[str, Any] = tomllib.loads(content.decode("utf-8"))
        config = msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        raise KscanError(f"{name}: {error}; {_advice(str(error))}") from None
    except (ValueError, RecursionError) as error:
        raise KscanError(f"{name}: not TOML: {error}") from None
    for number, entry in enumerate(config.suppress, 1):
        _check(entry, f"{name}: suppress[{number - 1}]")
    return config


def refuse_dots(content: bytes, name: str) -> None:
    """Raises `KscanError`, which calls it `name`, for TOML that takes a long time to read."""
    if any(line.count(b".") > MOST_DOTS for line in content.splitlines()):
        raise KscanError(f"{name}: a line with more than {MOST_DOTS} dots: too many to read")


def _check(entry: Suppress, where: str) -> None:
    if not entry.reason.strip():
        raise KscanError(f"{where}: the reason is empty; say why the findings are accepted")
    if not (entry.path or entry.function or entry.rule):
        raise KscanError(f"{where}: it would accept everything; give a path, function or rule")


def _advice(message: str) -> str:
    """What to write instead of what an error of msgspec speaks of."""
    if "field `" in message or "Expected `object`" in message:
        return f"known keys are {_known_keys(message)}"
    if "enum value" in message:
        known = Severity if message.endswith("severity`") else Confidence
        return f"give one of {', '.join(value.value for value in known)}"
    return next((said for word, said in _EXPECTED.items() if word in message), "give a string")


_EXPECTED = {
    "date": "give a day such as 2027-01-31",
    "`bool`": "give true or false",
    "$.suppress`": "write [[suppress]]",
    "`array`": 'give a list such as ["late-global"]',
}
"""What stands in an error of msgspec, and the advice."""


def _known_keys(message: str) -> str:
    """The keys of the table that an error of msgspec speaks of."""
    table: type[msgspec.Struct] = Config
    if "$.suppress" in message:
        table = Suppress
    elif "$.policy." in message:
        table = Threshold
    elif "$.policy" in message:
        table = Policy
    return ", ".join(table.__struct_encode_fields__)
