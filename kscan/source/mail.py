# SPDX-License-Identifier: GPL-2.0-only
"""Patch mail: the messages of an mbox (``git format-patch``, ``b4 am``, lore's ``t.mbox.gz``).

A file that is no mail, the output of ``diff`` or ``git diff``, is one message without a
subject.  What a patch is called and where it stands in its series is read as
``git am`` and ``b4`` read it: ``[PATCH v2 3/7] iommu: …``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from kscan.model import KscanError
from kscan.source.given import unpacked
from kscan.source.repository import printable

if TYPE_CHECKING:
    from email.message import Message as Mail
    from email.policy import Compat32

LARGEST_MAIL = 256 << 20
"""Bytes of one patch file, unpacked."""

LONGEST_FIELD = 20_000
"""Characters of a header field; Python's mail package takes times that grow with their square."""

_SEPARATOR = re.compile(
    rb"^From \S+ [^\n]*\b[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d \d{4}[^\n]*\n",
    re.MULTILINE,
)
_HEADER = re.compile(
    rb"(?:[!-9;-~]{1,80}:[^\n]{0,2000}\n(?:[ \t][^\n]{0,2000}\n){0,200}){1,200}?"
    rb"(?:From|Date|Subject|Message-ID|To):|(?:From|Date|Subject|Message-ID|To|Return-Path|Received):",
    re.IGNORECASE,
)
"""The fields that mail begins with, whatever a mail program put before those that tell."""
_WORD = r"=\?[!->@-~]++\?[bqBQ]\?[\t ->@-~]*+\?="
_ENCODED = re.compile(rf"{_WORD}(?:\s++{_WORD})*+")
_REPLY = re.compile(r"\s*(?:re|aw|sv|fwd?)\s*(?:\[\d+\])?:", re.IGNORECASE)
_TAG = re.compile(r"^\s*(?:\[[^\]]*\]\s*)+")
_PATCHES = (".patch", ".diff")
_PARAMETERISED = frozenset(("content-type", "content-disposition"))
_BASE = re.compile(rb"^base-commit: ([0-9a-f]{7,64})[ \t\r]*$", re.MULTILINE)
_DIFF = re.compile(rb"^diff --git |^diff -[^\n]*\n(?=--- )|^--- [^\n]*\n\+\+\+ ", re.MULTILINE)
_CRLF_HEADER = re.compile(rb"^\+\+\+ [^\n]*\r$", re.MULTILINE)
_COLOUR = re.compile(rb"\x1b\[[0-9;]*[mK]")
_COLOURED = re.compile(rb"^(?:\x1b\[[0-9;]*[mK])+(?:diff --git |diff -|--- )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Message:
    """One mail, or one bare diff."""

    subject: str
    """Without ``[PATCH …]``; empty for a bare diff."""
    body: bytes
    part: int = 1
    parts: int = 1
    version: int = 1
    is_reply: bool = False
    id: str = ""
    """Its Message-ID, where it has one."""

    @property
    def diff(self) -> bytes:
        """From the first line of the diff on; empty where there is none, or only a quoted one."""
        found = _DIFF.search(self.body)
        return self.body[found.start() :] if found else b""

    @property
    def base_commit(self) -> str | None:
        """What the ``base-commit:`` trailer names."""
        found = _BASE.search(self.body)
        return found[1].decode() if found else None


def messages(name: str, content: bytes) -> Iterator[Message]:
    """The messages in the patch file `name`, in the order they stand; raises `KscanError`."""
    return (message for message, _ in letters(name, content))


def letters(name: str, content: bytes) -> Iterator[tuple[Message, bytes]]:
    """Each message with its bytes, headers and all; raises `KscanError`."""
    content = _uncoloured(unpacked(name, content, LARGEST_MAIL))
    starts = list(_SEPARATOR.finditer(content))
    if starts and not content[: starts[0].start()].strip():
        ends = [start.start() for start in starts[1:]] + [len(content)]
        for start, end in zip(starts, ends, strict=True):
            raw = content[start.end() : end]
            yield _message(raw), raw
    elif _HEADER.match(content):
        yield _message(content), content
    else:
        yield Message("", _with_plain_ends(content)), content


def once(named: Iterable[tuple[str, Message]]) -> Iterable[tuple[str, Message]]:
    """`named` messages without the copies of one that several lists have sent."""
    found: dict[object, tuple[str, Message]] = {}
    for number, (name, message) in enumerate(named):
        key = (message.id, message.subject) if message.id else number
        found.setdefault(key, (name, message))
    return found.values()


def _uncoloured(content: bytes) -> bytes:
    """`content` without the colours that ``--color`` gave to its diff, where it did.

    Escapes in a diff whose headers have none are those of a file.
    """
    return _COLOUR.sub(b"", content) if _COLOURED.search(content) else content


def parsed(raw: bytes) -> Mail:
    """The mail `raw`, its header fields cut at `LONGEST_FIELD`; raises `KscanError`."""
    from email import message_from_bytes  # noqa: PLC0415  only patches need it

    try:
        return message_from_bytes(raw, policy=_cutting())
    except RecursionError:
        raise KscanError("a mail with hundreds of parts inside each other is refused") from None


@cache
def _cutting() -> Compat32:
    from email.policy import Compat32  # noqa: PLC0415

    class Cutting(Compat32):
        def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
            name, value = super().header_source_parse(sourcelines)
            return name, value[:LONGEST_FIELD]

        def header_fetch_parse(self, name: str, value: str) -> str:
            return _with_sound_parameters(name, _text(value))

    return Cutting()


def _with_sound_parameters(name: str, field: str) -> str:
    """`field`, without its parameters where Python's mail package raises what it may for them.

    It does for some that RFC 2231 has in pieces, or in a character set: with an asterisk.
    """
    if "*" not in field or name.lower() not in _PARAMETERISED:
        return field
    from email.message import Message as Mail  # noqa: PLC0415
    from email.utils import collapse_rfc2231_value  # noqa: PLC0415

    mail = Mail()
    mail[name] = field
    try:
        for _, value in mail.get_params([], name):
            collapse_rfc2231_value(value)
    except (ValueError, TypeError):
        return field.partition(";")[0]
    return field


def _text(field: str) -> str:
    """A header field as its sender typed it, who may not have encoded it: UTF-8, else Latin-1."""
    if field.isascii():
        return field
    raw = field.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _message(raw: bytes) -> Message:
    mail = parsed(raw)
    body = b"\n".join(_content(part) for part in mail.walk() if _may_be_patch(part))
    body = body.replace(b"\r\n", b"\n") if b"\r\n" in body[:4096] else _with_plain_ends(body)
    identifier = str(mail.get("Message-ID", "")).strip()
    return replace(_titled(_subject(mail.get("Subject", "")), body), id=identifier)


def _with_plain_ends(diff: bytes) -> bytes:
    """`diff` with LF where its own headers end in CRLF, as ``patch`` and git mailsplit have it."""
    return diff.replace(b"\r\n", b"\n") if _CRLF_HEADER.search(diff) else diff


def _may_be_patch(part: Mail) -> bool:
    """Text, or an attachment that some mail program took for no text."""
    main, sub = part.get_content_maintype(), part.get_content_subtype()
    if main == "application":
        name = str(part.get_filename("")).lower()
        return sub in ("x-patch", "x-diff") or name.endswith(_PATCHES)
    return main == "text" and sub != "html"


def _content(part: Mail) -> bytes:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return b""
    if str(part.get_param("format", "")).lower() == "flowed":
        is_spaced = str(part.get_param("delsp", "")).lower() == "yes"
        return b"".join(line + b"\n" for line in _unflowed(content.splitlines(), is_spaced))
    return content


def _unflowed(lines: Iterable[bytes], is_spaced: bool) -> Iterator[bytes]:
    """`lines` of ``format=flowed`` (RFC 3676) as they were typed, as ``git mailinfo`` has them.

    With `is_spaced` the space before a soft line break is not part of the text.
    """
    held = b""
    for line in lines:
        text = line[1:] if line.startswith(b" ") else line
        if len(text) > 1 and text.endswith(b" ") and line != b"-- ":
            held += text[:-1] if is_spaced else text
            continue
        yield held + (line if line == b"-- " else text)
        held = b""
    if held:
        yield held


def decoded(field: str) -> str:
    """A header field with its encoded words (RFC 2047) spelled out, those that can be.

    What stands beside them may be no ASCII, though it ought to.
    """
    return _ENCODED.sub(lambda words: _spelled(words[0]), field)


def _spelled(words: str) -> str:
    """Encoded words that follow each other, of which one may end within a character."""
    from email.errors import MessageError  # noqa: PLC0415
    from email.header import decode_header, make_header  # noqa: PLC0415

    try:
        return str(make_header(decode_header(words)))
    except (ValueError, LookupError, MessageError):
        return words


def _subject(header: object) -> str:
    return printable(re.sub(r"\s+", " ", decoded(str(header)))).strip()


def _titled(subject: str, body: bytes) -> Message:
    reply = _REPLY.match(subject)
    subject = subject[reply.end() :] if reply else subject
    tag = _TAG.match(subject)
    words = tag[0] if tag else ""
    numbered = re.search(r"\b(\d{1,4})/(\d{1,4})\b", words)
    version = re.search(r"\b[vV](\d{1,4})\b", words)
    return Message(
        subject[len(words) :],
        body,
        part=int(numbered[1]) if numbered else 1,
        parts=int(numbered[2]) if numbered else 1,
        version=int(version[1]) if version else 1,
        is_reply=reply is not None,
    )
