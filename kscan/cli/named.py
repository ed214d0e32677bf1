# SPDX-License-Identifier: GPL-2.0-only
"""Files and directories as a command line names them: what cannot be meant is told at once."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import click

from kscan.cli.output import is_open, refuse_unwritable


class _Named(click.Path):
    """A path that is spelled, and not a pipe that nobody may ever write to."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the name is empty: give one, or leave it out", param, ctx)
        if _is_named_pipe(value):
            self.fail(f"{value}: a named pipe: give a file, or <(a command)", param, ctx)
        return super().convert(value, param, ctx)


class _Output(click.Path):
    """A file to be written; - is stdout."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value) != "-":
            refuse_unwritable(value)
        return super().convert(value, param, ctx)


def _is_named_pipe(place: str | Path) -> bool:
    try:
        is_pipe = stat.S_ISFIFO(os.stat(place).st_mode)  # noqa: PTH116 - any word, even a broken one
    except (OSError, ValueError):
        return False
    return is_pipe and not is_open(place)


FILE = _Named(path_type=Path)
PLACE = _Named()
"""A file or directory, as it is spelled."""
OUTPUT = _Output(readable=False)
