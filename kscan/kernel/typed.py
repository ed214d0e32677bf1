# SPDX-License-Identifier: GPL-2.0-only
"""Typed TOML: a file of the catalogue becomes the values of its shape, or one clear line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kscan.model import KscanError

DIRECTORY = Path(__file__).parent / "catalog"
"""Where the built-in catalogue stands."""

_T = TypeVar("_T")


def read(path: Path, shape: type[_T]) -> _T:
    """The values in the file `path`; raises `KscanError` naming the file and what does not fit."""
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(document, shape)
    except OSError as error:
        raise KscanError(f"{path}: {error.strerror}: give a readable catalogue file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KscanError(f"{path}: not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise KscanError(f"{path}: {error}: see kscan/kernel/catalog for the shape") from None
