# SPDX-License-Identifier: GPL-2.0-only
"""Reports in which every text is hostile: what a renderer has to survive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from hypothesis import strategies as st

from kscan.model import Impact, Report

from . import samples

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "</details></td></table>",
    "</style></script></svg>-->",
    "{{ 7*7 }}{% raw %}",
    "![x](https://evil.example/x.png)",
    "[text](https://evil.example)",
    "https://evil.example/a www.evil.example mailto:a@evil.example",
    "@torvalds @kernel/everyone",
    "#123 GH-12 torvalds/linux#1 !45 $6 %7 ~bug &8 ABC-12",
    "**bold** _em_ ~~del~~ `code` ``two``",
    "```\n# out\n```",
    "~~~\nout\n~~~",
    "| a | b |\n|---|---|",
    "\n\n# Heading\n- item\n> quote\n",
    "\n/close\n/assign @me\n",
    "\r\nBcc: everyone@example.org\r\n\r\nbody",
    "Reviewed-by: Nobody <n@example.org>",
    "\nSigned-off-by: Nobody <n@example.org>\n",
    "\nFrom mallory@example.org Thu Jan  1 00:00:00 1970\n",
    "\n---\ndiff --git a/x b/x\n",
    "\n::error file=a::owned\n::set-output name=x::y\n::add-mask::z",
    "a,file=b::c:%0A::stop-commands::x",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x1b[2J",
    "\x9b31m\x90q\x9c",
    "\u202egnp.exe\u202c \u2066a\u2069 \u200f\u061c",
    "zero\u200bwidth\ufeff\u00ad",
    "\u2028line\u2029para\x85nel\x0b\x0c",
    "nul\x00byte\x08\x7f",
    "caf\udce9 \udc80\udcff \ud800",
    "\U000e0041\U000e0042",
    "../../etc/passwd",
    "//evil.example/x",
    "javascript:alert(1)",
    "%SRCROOT%/%2e%2e/{0}",
    ":shipit: :100:",
    "é ü 漢字 😀",
    "x" * 100_000,
    "y" * 100_000 + " z",
    "`" * 300,
    "<" * 5_000,
    " " * 500,
    "",
)

Document = TypeVar("Document", Report, Impact)

texts = st.lists(
    st.one_of(st.sampled_from(PAYLOADS), st.text(max_size=20)), min_size=0, max_size=3
).map("".join)
"""One hostile text."""


def poisoned(document: Document, poison: Callable[[str], str]) -> Document:
    """`document` with every text in it, enumerations apart, replaced by ``poison(text)``."""
    changed: Document = _poisoned(document, poison)
    return changed


def _poisoned(value: Any, poison: Callable[[str], str]) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return poison(value)
    if isinstance(value, tuple):
        return tuple(_poisoned(part, poison) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: _poisoned(getattr(value, f.name), poison) for f in fields(value)}
        return replace(value, **parts)
    return value


def _poison(text: str, place: str) -> Callable[[str], str]:
    return {
        "instead": lambda _: text,
        "after": lambda kept: kept + text,
        "before": lambda kept: text + kept,
    }[place]


documents = st.builds(
    lambda make, text, place: poisoned(make(), _poison(text, place)),
    st.sampled_from((samples.audit, samples.change, samples.quiet_change, samples.clean_audit)),
    texts,
    st.sampled_from(("instead", "after", "before")),
)
"""Audits and ranges in which each text is, ends or starts with one hostile text."""

UNSHOWN = [
    chr(code)
    for code in (
        *range(0x00, 0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0xAD, 0x61C,
        0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF,
        *range(0xE0000, 0xE0080),
    )
]  # fmt: skip
"""Characters that a terminal or a reader would obey instead of show; a newline is not one."""


def obeyed(text: str) -> set[str]:
    """The characters of `text` that must not be in a report."""
    return set(UNSHOWN) & set(text)
