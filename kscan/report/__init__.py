# SPDX-License-Identifier: GPL-2.0-only
"""Reports: what an audit or a diff found, in the format a reader or a machine wants.

Each format is one module with one ``render(document, …) -> str``. A module is imported when its
format is asked for, so that no run pays for a template engine it does not use. Reports know only
:mod:`kscan.model`, and pass every text that comes from the tree through
:mod:`kscan.report.clean`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from kscan.model import Impact, Report


class Format(NamedTuple):
    """Where a format is written, and what it can be told."""

    module: str
    suffix: str
    """Customary file name extension, with its dot."""
    options: tuple[str, ...] = ()
    """Keyword arguments that its ``render()`` takes."""


FORMATS: dict[str, Format] = {
    "text": Format("text", ".txt", ("width", "colour", "min_confidence")),
    "concise": Format("concise", ".txt", ("colour",)),
    "json": Format("json_", ".json", ("timings",)),
    "sarif": Format("sarif", ".sarif", ("repository",)),
    "markdown": Format("markdown", ".md", ("limit",)),
    "mail": Format("mail", ".mail"),
    "html": Format("html", ".html"),
    "github": Format("github", ".txt"),
}

_OPTIONS = {option for format_ in FORMATS.values() for option in format_.options}


def render(format_name: str, document: Report | Impact, **options: Any) -> str:
    """`document` in the format named, as text that encodes as UTF-8.

    An option that another format takes is left out here, so that one command line serves all
    formats; an option that none takes is a :class:`TypeError`, an unknown format a
    :class:`KeyError`.
    """
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise TypeError(f"no report format takes {', '.join(unknown)}")
    chosen = FORMATS[format_name]
    module = import_module(f"kscan.report.{chosen.module}")
    taken = {name: value for name, value in options.items() if name in chosen.options}
    text: str = module.render(document, **taken)
    return text
