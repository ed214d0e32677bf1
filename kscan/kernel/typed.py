# SPDX-License-Identifier: GPL-2.0-only
"""Typed TOML: a file of the catalogue becomes the values of its shape, or one clear line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from kscan.config import refuse_dots
from kscan.model import KscanError

DIRECTORY = Path(__file__).parent / "catalog"
"""Where the built-in catalogue stands."""

_TOO_DEEP = (
    "nested too deeply: a table of the catalogue has lists and names in it, no further table"
)

_PLACE = re.compile(r"at `\$([^`]*)`")
_NAME = re.compile(r"\.(\w+)")

_T = TypeVar("_T")


def read(path: Path, shape: type[_T]) -> _T:
    """The values in the file `path`; raises `KscanError` naming the file and what does not fit."""
    return typed(document(path), shape, path)


def document(path: Path) -> dict[str, Any]:
    """The TOML in the file `path` as it stands, a byte order mark left out; raises `KscanError`."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise KscanError(f"{path}: not a regular file: give a readable catalogue file")
        content = path.read_bytes()
    except OSError as error:
        raise KscanError(f"{path}: {error.strerror}: give a readable catalogue file") from None
    refuse_dots(content, str(path))
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except ValueError as error:  # TOML that is none, no UTF-8, a number of thousands of digits
        raise KscanError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise KscanError(f"{path}: {_TOO_DEEP}") from None


def typed(values: dict[str, Any], shape: type[_T], path: Path, within: str = "") -> _T:
    """`values`, which the file `path` gives, as `shape`; raises `KscanError` for a misfit.

    In the file they stand `within` a table, as ``.functions``.
    """
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as error:
        said, advice = str(error).replace("`$", f"`${within}"), _advice(str(error), shape)
        raise KscanError(f"{path}: {said}{advice and '; '}{advice}") from None
    except RecursionError:
        raise KscanError(f"{path}: {_TOO_DEEP}") from None


def _advice(message: str, shape: Any) -> str:
    """What to write instead of what an error of msgspec speaks of, in a file of this `shape`.

    Empty where a shape says for itself what is wrong with a value.
    """
    if not message.startswith(("Object ", "Expected ", "Invalid ")):
        return ""
    place = _PLACE.search(message)
    words = _NAME.findall(place[1]) if place is not None else []
    for word in words:
        shape = _element(get_type_hints(shape).get(word) if _is_table(shape) else None)
    if not _is_table(shape):
        return "give a value of that type"
    return f"known keys are {', '.join(shape.__struct_encode_fields__)}"


def _element(hint: Any) -> Any:
    """The table that values of this type are, or are lists of; None where they are no tables."""
    inner = [hint, *get_args(hint)]
    return next((each for each in inner if _is_table(each)), None)


def _is_table(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, msgspec.Struct)


def emptied(known: Any) -> Any:
    """`known`, a TOML value, with nothing in its lists."""
    if isinstance(known, dict):
        return {key: emptied(value) for key, value in known.items()}
    return [] if isinstance(known, list) else known


def extended(known: Any, more: Any, path: Path, where: str = "$") -> Any:
    """`known` with the lists of `more` put behind its own; raises `KscanError` for other keys.

    Both are TOML values. A user's file adds to what the catalogue knows and replaces nothing.
    """
    if isinstance(known, list) and isinstance(more, list):
        return [*known, *more]
    if isinstance(known, dict) and not isinstance(more, dict):
        raise KscanError(f"{path}: {where} is a table: its keys are {', '.join(sorted(known))}")
    if not isinstance(known, dict) or not isinstance(more, dict):
        raise KscanError(f"{path}: {where} can only be added to: give a list")
    for key in more:
        if key not in known:
            raise KscanError(
                f"{path}: {where} has no {key!r}: known are {', '.join(sorted(known))}"
            )
    return {
        key: extended(value, more[key], path, f"{where}.{key}") if key in more else value
        for key, value in known.items()
    }
