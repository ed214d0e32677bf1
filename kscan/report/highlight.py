# SPDX-License-Identifier: GPL-2.0-only
"""C source lines as HTML: few, quiet classes, and a mark on what the finding is about."""

from __future__ import annotations

import re
from functools import lru_cache

from markupsafe import Markup, escape
from pygments.lexers.c_cpp import CLexer
from pygments.token import Comment, Keyword, Literal, Name, _TokenType

from kscan.report import clean

_LEXER = CLexer(stripnl=False, ensurenl=False)
_CLASSES = ((Comment, "hc"), (Keyword, "hk"), (Name.Function, "hf"), (Literal, "hl"))
_DIFF = {"+": "add", "-": "del", "@": "hunk"}
_ARROW = ("-&gt;", '<span class="to">-&gt;</span>')
_NAME = re.compile(r"\w+")


def source(text: str, subject: str = "") -> Markup:
    """One line of C with ``<span>`` around its tokens, ``<mark>`` around `subject`'s last name."""
    names = _NAME.findall(subject)
    return _source(clean.line(text), names[-1] if names else "")


@lru_cache(maxsize=4096)
def _source(text: str, name: str) -> Markup:
    parts = (_token(kind, value, name) for _, kind, value in _LEXER.get_tokens_unprocessed(text))
    return _whole(Markup("").join(parts))


def _token(kind: _TokenType, value: str, name: str) -> Markup:
    if name and value == name:
        return Markup("<mark>{}</mark>").format(value)
    for family, style in _CLASSES:
        if kind in family:
            return Markup('<span class="{}">{}</span>').format(style, value)
    return escape(value)


def inline(text: str) -> Markup:
    """A sentence with what stands between backticks, or reads as C, as ``<code>``."""
    return Markup("").join(
        Markup("<code>{}</code>").format(_whole(escape(part))) if is_code else _whole(escape(part))
        for part, is_code in clean.pieces(text)
    )


def diff(text: str) -> Markup:
    """A unified diff with what goes and what comes marked."""
    return Markup("\n").join(map(_diff_line, clean.lines(text)))


def _diff_line(line: str) -> Markup:
    style = _DIFF.get(line[:1], "")
    if not style or line.startswith(("+++ ", "--- ")):
        return escape(line)
    return Markup('<span class="{}">{}</span>').format(style, line)


def _whole(text: Markup) -> Markup:
    """`text`, already escaped, whose arrows no line break can split."""
    return Markup(str.replace(text, *_ARROW))
