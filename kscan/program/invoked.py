# SPDX-License-Identifier: GPL-2.0-only
"""The text that a macro stands for: its body with the arguments put in, as the preprocessor does.

Macros inside it are left as they are: whoever reads the text meets them there.
"""

from __future__ import annotations

import re

from kscan.facts.unit import MacroFact

_LARGEST = 16_000
"""Bytes of a text; the largest that fills an ops table of 6.12 has some 2,000."""

_REST = "__VA_ARGS__"
_LITERAL = r'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\''
_TOKEN = re.compile(rf"{_LITERAL}|(?<!#)#\s*+(?P<spelled>\w++)|(?P<name>\w++)", re.DOTALL)
_PASTE = re.compile(rf"({_LITERAL})|(?<!\s)\s*+##\s*+", re.DOTALL)
_COMMA = re.compile(rf",\s*+##\s*+{_REST}\b")


def text_of(macro: MacroFact, arguments: tuple[str, ...] | None) -> str | None:
    """What `macro` stands for with `arguments`; None where it does not take so many."""
    if len(macro.body) > _LARGEST:
        return None
    if macro.params is None:
        text = _pasted(macro.body)
        return text if arguments is None else f"{text}({', '.join(arguments)})"
    given = _given(macro.params, arguments)
    if given is None:
        return None
    body = _COMMA.sub(f", {_REST}" if given.get(_REST) else "", macro.body)
    text = _pasted(_TOKEN.sub(lambda m: _replaced(m, given), body))
    return text if len(text) <= _LARGEST else None


def _given(params: tuple[str, ...], arguments: tuple[str, ...] | None) -> dict[str, str] | None:
    """The parameters and what is put in for them; a last one takes all arguments that are left."""
    if arguments is None or (arguments and not params):
        return None
    names = [_REST if name == "..." else name for name in params]
    lacking = len(names) - len(arguments)
    if lacking > 1 or (lacking == 1 and len(names) > 1 and names[-1] != _REST):
        return None
    *firsts, last = names or [""]
    given = dict(zip(firsts, arguments, strict=False))
    return {**given, last: ", ".join(arguments[len(firsts) :])}


def _replaced(m: re.Match[str], given: dict[str, str]) -> str:
    """A token of a body: the argument where it names a parameter, quoted after ``#``."""
    if m["spelled"] in given:
        quoted = given[m["spelled"]].replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    return given.get(m["name"], m[0]) if m["name"] else m[0]


def _pasted(text: str) -> str:
    """`text` with what stands on both sides of ``##`` made one word."""
    return _PASTE.sub(lambda m: m[1] or "", text) if "##" in text else text
