# SPDX-License-Identifier: GPL-2.0-only
"""Where answers go: to stdout, a file or the terminal, and what is said beside them on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

from kscan.model import Severity
from kscan.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kscan.model import Finding, Impact, Report, Skip

SKIPS_NAMED = 5
"""Files that were not analysed and are named beside a format that has no room for them."""


def answered(document: dict[str, Any], format_: str, as_text: Callable[[], str]) -> None:
    """Writes a document of plain values to stdout."""
    if format_ == "json":
        import json  # noqa: PLC0415 - only here

        click.echo(json.dumps(document, indent=2))
    else:
        shown(as_text())


def shown(text: str) -> None:
    """`text` on stdout; a terminal gets long lines folded."""
    columns = terminal_width()
    if columns is not None:
        from kscan.report.folding import folded_text  # noqa: PLC0415 - for terminals only

        text = folded_text(text, columns)
    click.echo(text, nl=not text.endswith("\n"))


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A spinner on stderr that says what is being done; silent where nobody watches."""
    if not sys.stderr.isatty() or _is_dumb():
        yield lambda _message: None
        return
    from rich.console import Console  # noqa: PLC0415 - heavy, and for terminals only

    with Console(stderr=True).status("starting") as status:
        yield lambda message: status.update(printable(message).replace("[", r"\["))


def written(document: Report | Impact, format_: str, output: str | None, **options: Any) -> None:
    """Renders `document` and writes it where the user wants it."""
    from kscan.report import render  # noqa: PLC0415 - after the work

    output = None if output == "-" else output
    text = render(format_, document, **{**_look(output), **options})
    if output is None:
        click.echo(text, nl=bool(text) and not text.endswith("\n"))
        return
    from kscan.cli.output import put  # noqa: PLC0415 - after the work

    put(output, text)


def _look(output: str | None) -> dict[str, Any]:
    """Width and colour of the terminal; none of them in a file or a pipe."""
    width = None if output is not None else terminal_width()
    colour = not (os.environ.get("NO_COLOR") or _is_dumb())
    return {} if width is None else {"width": width, "colour": colour}


def _is_dumb() -> bool:
    """The terminal knows no escape sequence."""
    return os.environ.get("TERM") == "dumb"


def terminal_width() -> int | None:
    """Columns of the terminal that stdout is; None where it is none."""
    stream: IO[str] = sys.stdout
    if not stream.isatty():
        return None
    import shutil  # noqa: PLC0415 - for terminals only

    return shutil.get_terminal_size((100, 24)).columns


def said(text: str) -> None:
    """One line on stderr."""
    click.echo(printable(text), err=True)


def status_of(findings: tuple[Finding, ...], fail_on: str) -> int:
    """1 where a finding is as bad as `fail_on` says and nobody accepted it, else 0."""
    if fail_on == "never":
        return 0
    least = Severity(fail_on).rank
    return int(any(f.severity.rank >= least and f.suppressed is None for f in findings))


def said_skips(skips: Sequence[Skip], format_: str, notes: Sequence[str] = ()) -> None:
    """Names what was not analysed where the format has no room for it, the first few; `notes`."""
    if format_ == "concise":
        for skip in skips[:SKIPS_NAMED]:
            said(f"skipped: {skip.path}: {skip.reason}")
        for note in notes:
            said(f"note: {note}")
