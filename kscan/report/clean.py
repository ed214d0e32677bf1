# SPDX-License-Identifier: GPL-2.0-only
"""Hostile text made harmless, for each medium a report is written to.

File names, function names, commit subjects and source lines come from the analysed tree, and
whoever wrote that tree may want a terminal, a forge or a mail reader to obey them. Every renderer
passes such text through exactly one function of this module. What cannot be shown is not dropped
but spelled, as C would spell it (``\\x1b``, ``\\u202e``), so that a reader sees that it is there.
"""

from __future__ import annotations

import html as _html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

LINE_LIMIT = 400
"""Characters of one line of foreign text that a report shows; the rest is counted."""

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
)
_SURROGATE = "\ud800-\udfff"
_UNSHOWN = re.compile(f"[\x00-\x1f\x7f-\x9f{_INVISIBLE}{_SURROGATE}]")
_UNSHOWN_IN_JSON = re.compile(f"[\x7f-\x9f{_INVISIBLE}{_SURROGATE}]")
_NOT_A_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_SHORT = {"\t": " ", "\n": "\\n", "\r": "\\r"}

_MARKUP = re.compile(r"[\\`*_\[\]|~]")
_REFERENCE = re.compile(
    r"([@#!$%^~](?=[\w\"{])|&amp;(?=\w)|:(?=[\w+-])|(?:(?i:https?|ftp|mailto|xmpp):)"
    r"|(?i:www)(?=\.)|\b[A-Z]{2,}-(?=\d))"
)
_EXPRESSION = re.compile(
    r"(?:(?<=[\s(<])\w[\w./+-]*(?:[:@][\w./,+-]*\w)+"
    r"|(?<=[\s(])[A-Za-z_]"
    r"(?:[\w./-]*(?:[~^]\d*)+|\w*(?:(?:->|\.)\w+)*(?:\(\))?))"
    r"(?=[\s),;:.?!>])",
    re.ASCII,
)
_CODE_LIKE = re.compile(r"_|->|\(\)$|[~^:@]")
_BACKTICKS = re.compile(r"`+")
_TRAILER = re.compile(
    r"(?i)([a-z-]-by|\b(?:link|closes|fixes|cc|message-id|change-id|base-commit)):"
)
_JOINER = "\u200b"


def _spelled(match: re.Match[str]) -> str:
    char = match.group()
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8, as surrogateescape carries it
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def line(text: str, limit: int = LINE_LIMIT) -> str:
    """`text` as one visible line of at most about `limit` characters: for terminals and files.

    The result holds no control character, no escape sequence, no bidirectional override, no
    invisible character and no lone surrogate, so it encodes as UTF-8 and stays on its line.
    """
    shown = _UNSHOWN.sub(_spelled, text[: limit + 1])
    if len(text) <= limit and len(shown) <= 2 * limit:
        return shown
    return f"{shown[:limit]}… (+{max(len(text), len(shown)) - limit} characters)"


def lines(text: str) -> list[str]:
    """The lines of a text of several (a diff, a rule's page), each as :func:`line` gives it."""
    return [line(part.expandtabs(8)) for part in text.split("\n")]


def html(text: str) -> str:
    """`text` for HTML text and for double-quoted attributes."""
    return _html.escape(line(text), quote=True)


def prose(text: str) -> str:
    """`text` for Markdown outside code and not at the start of a line, for every forge's dialect.

    ASCII characters that can be inline markup are escaped. Forges look for mentions, references
    and bare links in the *rendered* text, where an escape does not help: a zero-width space after
    the character that starts one does. What stands between backticks and what reads as a C
    expression (``dev->driver``, ``foo_probe()``), a revision (``HEAD~2``), a place (``a.c:12``), an
    address or a name with a colon (``acpi:ACME0001``) becomes a code span: it is copied as it is.
    """
    return "".join(code(part) if is_code else _escaped(part) for part, is_code in pieces(text))


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The pieces of the sentence `text`, cleaned as :func:`line`; each with whether it is code."""
    parts = line(text).split("`")
    if len(parts) % 2 == 0:
        parts = ["`".join(parts)]
    last = len(parts) - 1
    for n, part in enumerate(parts):
        if n % 2 and part:
            yield part, True
        else:
            yield from _plain(part, start=n == 0, end=n == last)


def _plain(text: str, *, start: bool, end: bool) -> Iterator[tuple[str, bool]]:
    """Prose between two code spans, or at the `start` or `end` of a text."""
    framed = f"{' ' if start else '`'}{text}{' ' if end else '`'}"
    at = 1
    for match in filter(_reads_as_code, _EXPRESSION.finditer(framed)):
        yield framed[at : match.start()], False
        yield match.group(), True
        at = match.end()
    yield framed[at:-1], False


def _reads_as_code(match: re.Match[str]) -> bool:
    return _CODE_LIKE.search(match.group()) is not None


def _escaped(text: str) -> str:
    escaped = _MARKUP.sub(r"\\\g<0>", _html.escape(text, quote=False))
    return _REFERENCE.sub(rf"\1{_JOINER}", escaped.replace("\\~", f"\\~{_JOINER}"))


def code(text: str) -> str:
    """`text` as a Markdown code span, whatever backticks it has."""
    shown = line(text)
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    mark = "`" * (longest + 1)
    pad = " " if not shown.strip() or "`" in (shown[:1], shown[-1:]) else ""
    if shown[:1] == " " == shown[-1:] and shown.strip():
        pad = " "
    return f"{mark}{pad}{shown or ' '}{pad}{mark}"


def ticked(text: str) -> str:
    """`text` for a sentence that :func:`prose` prints, where it becomes a code span."""
    return f"`{text.replace('`', chr(39))}`"


def cell(text: str) -> str:
    """`text` as :func:`prose` inside a Markdown table, where a bar would end the cell."""
    return prose(text.replace("|", "\N{BROKEN BAR}"))


def fence(content: list[str], language: str = "") -> list[str]:
    """Lines of a Markdown code block around `content`, which cannot close it."""
    shown = [line(part) for part in content]
    longest = max((len(run) for part in shown for run in _BACKTICKS.findall(part)), default=0)
    mark = "`" * max(3, longest + 1)
    return [f"{mark}{language}", *shown, mark]


def mail(text: str) -> str:
    """`text` for a plain-text mail: no line of it can pass for a trailer that tools collect."""
    return _TRAILER.sub(r"\1 :", line(text))


def sarif(text: str) -> str:
    """`text` as a SARIF message: no placeholder and no embedded link (SARIF 2.1.0, 3.11.5-6)."""
    return line(text).replace("{", "{{").replace("}", "}}").replace("](", "\\](")


def annotation_message(text: str) -> str:
    """`text` as the message of a GitHub workflow command."""
    return line(text, 4 * LINE_LIMIT).replace("%", "%25").replace("\r", "").replace("\n", "")


def annotation_property(text: str) -> str:
    """`text` as a property value of a GitHub workflow command."""
    return annotation_message(text).replace(":", "%3A").replace(",", "%2C")


def uri(path: str) -> str:
    """A path below the tree's root as a relative URI reference (RFC 3986), percent-encoded.

    Bytes that were not UTF-8 come back as the bytes they were. A first segment with a colon is
    escaped too, so it cannot be read as a scheme.
    """
    encodable = _NOT_A_BYTE.sub("\ufffd", path)
    return quote(encodable.encode("utf-8", "surrogateescape"), safe="/").lstrip("/")


def as_json(value: Any, *, indent: int = 2) -> str:
    """`value` as indented JSON that is valid UTF-8 and harmless on a terminal.

    Nothing is lost but bytes that were not UTF-8, which are spelled: control and invisible
    characters stand as JSON escapes.
    """
    import msgspec  # noqa: PLC0415 - the line formats do without it

    raw = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return msgspec.json.format(_UNSHOWN_IN_JSON.sub(_json_escape, raw), indent=indent) + "\n"


def _json_escape(match: re.Match[str]) -> str:
    code_point = ord(match.group())
    if 0xDC80 <= code_point <= 0xDCFF:
        return f"\\\\x{code_point - 0xDC00:02x}"
    if 0xD800 <= code_point <= 0xDFFF:
        return "\\ufffd"
    return json.dumps(match.group())[1:-1]
