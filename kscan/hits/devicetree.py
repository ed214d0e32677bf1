# SPDX-License-Identifier: GPL-2.0-only
"""What one devicetree source file says by itself, in file order; neither dtc nor cpp is run.

Only what decides who is hit is kept: labels, ``compatible``, ``status``, ``model``, the nodes
named in ``iommus`` and ``iommu-map``, deletions, and cpp's includes, defines and conditionals.
Format: the Devicetree Specification, "Devicetree Source (DTS) Format".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from tree_sitter import Node

from kscan.syntax import devicetree
from kscan.syntax.parser import Unparsable


class Kind(Enum):
    """What a statement does."""

    LABEL = "label"
    COMPATIBLE = "compatible"
    STATUS = "status"
    MODEL = "model"
    IOMMUS = "iommus"
    IOMMU_MAP = "iommu-map"
    UNSET = "delete-property"
    DELETE = "delete-node"
    INCLUDE = "include"
    DEFINE = "define"
    UNDEF = "undef"
    IF = "if"
    ELSE = "else"
    ENDIF = "endif"


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing a file says, and about which node."""

    kind: Kind
    anchor: str = ""
    """``&label``, an absolute path (``/``), or empty: where the file is included."""
    below: str = ""
    """Path from the anchor to the node: ``/soc/iommu@fe000000``."""
    values: tuple[str, ...] = ()
    """Strings, labels, or the words of the directive."""


class Unreadable(Exception):
    """A devicetree source that the grammar's bounds refuse."""


_MACRO_LABEL = re.compile(rb"\b[A-Z][A-Z0-9_]*\((\w+)\)(?=[ \t]*:)")
_MACRO_REFERENCE = re.compile(rb"&[A-Z][A-Z0-9_]*\((\w+)\)")
_TOKEN = re.compile(
    rb"/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)|//[^\n]*|(?<!\\)\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\""
    rb"|/include/[ \t]*\"(?P<file>[^\"\n]*)\""
    rb"|#[ \t]*(?P<word>include|define|undef|if|ifdef|ifndef|elif|else|endif|error|warning|pragma)"
    rb"(?![\w,.+?#-])(?P<rest>(?:[^\n\\]|\\\r?\n|\\)*)",
    re.DOTALL,
)
_INCLUDED = re.compile(r"^[ \t]*[\"<]([^\">\n]+)[\">]")
_NOT_NEWLINE = re.compile(rb"[^\n]")
_HEADER = re.compile(
    rb"\s*(?P<labels>(?:\w+[ \t]*:\s*)*)(?P<name>&\{[^}\n]*\}|&\w+|[\w,.+@/-]+)\s*\{?"
)
_LABEL = re.compile(rb"(\w+)[ \t]*:")
_REFERENCE = re.compile(rb"&(?:\{([^}\n]*)\}|(\w+))")
_STRING = re.compile(rb"\"([^\"]*)\"")
_DELETED = re.compile(rb"/delete-(?:node|property)/\s*(&\{[^}\n]*\}|[&\w,.+@#?-]+)")
_LONGEST_PATH = 2000
"""Characters; the longest of 6.12 has some hundred."""

_KEPT = ("compatible", "status", "model", "iommus", "iommu-map")
_TELLING = re.compile(rb"\b(?:compatible|status|model|iommus|iommu-map|delete-node)\b")
_MERE = re.compile(
    rb"(?:\n[ \t]++(?!(?:compatible|status|model|iommus|iommu-map)[ \t]*+=)[\w,.+?#-]++[ \t]*+="
    rb"(?:[^;{}\"/]++|\"[^\"\n;{}/]*+\")*+;)++"
)
"""Properties that are not kept, on lines of their own: most of a file, no work for the parser."""
_QUERY = """
(node) @node
((property name: (identifier) @name) @property
 (#any-of? @name "compatible" "status" "model" "iommus" "iommu-map"))
(delete_node) @delete
(delete_property) @unset
"""
_PROPERTY = re.compile(rb"(?:\w+[ \t]*:\s*)*([\w,.+?#-]+)\s*(?:=(.*))?", re.DOTALL)


def statements(source: bytes) -> tuple[Statement, ...]:
    """What `source` says, in file order.

    A file in which no node says anything but its labels is not parsed: they change nothing.
    Raises `Unreadable` for a source beyond the parser's bounds.
    """
    directives, text = _directives(source)
    if not (_TELLING.search(text) or _inside_a_node(directives, text)):
        return tuple(statement for _, statement in directives)
    text = _MERE.sub(lambda m: b" " * len(m[0]), text)
    text = _MACRO_LABEL.sub(lambda m: m[1].rjust(len(m[0])), text)
    text = _MACRO_REFERENCE.sub(lambda m: (b"&" + m[1]).ljust(len(m[0])), text)
    try:
        captured = devicetree.captures(text, _QUERY)
    except Unparsable as error:
        raise Unreadable(error.reason) from None
    return tuple(_Outline(text).statements(captured, directives))


def _inside_a_node(directives: list[tuple[int, Statement]], text: bytes) -> bool:
    """Some file is included between the braces of a node."""
    depth = start = 0
    for offset, statement in directives:
        if statement.kind is Kind.INCLUDE:
            depth += text.count(b"{", start, offset) - text.count(b"}", start, offset)
            start = offset
            if depth:
                return True
    return False


def _directives(source: bytes) -> tuple[list[tuple[int, Statement]], bytes]:
    """The lines that are cpp's (or ``/include/``) by offset, and the text with them blank."""
    found: list[tuple[int, Statement]] = []
    text = bytearray(source)
    for token in _TOKEN.finditer(source):
        start, end = token.span()
        word, file = token["word"], token["file"]
        if word is None and file is None:
            continue
        if word is not None and source[source.rfind(b"\n", 0, start) + 1 : start].strip():
            continue
        text[start:end] = _NOT_NEWLINE.sub(b" ", token[0])
        if file is not None:
            found.append((start, Statement(Kind.INCLUDE, values=(_text(file),))))
        elif word is not None:
            statement = _directive(word.decode(), _text(token["rest"]))
            if statement is not None:
                found.append((start, statement))
    return found, bytes(text)


def _directive(word: str, rest: str) -> Statement | None:
    rest = rest.replace("\\\n", " ").partition("//")[0].partition("/*")[0].strip()
    if word == "include":
        target = _INCLUDED.match(rest)
        return Statement(Kind.INCLUDE, values=(target[1],)) if target else None
    if word in ("define", "undef"):
        name, text = [*rest.split(None, 1), "", ""][:2]
        kind, values = (Kind.DEFINE, (name, text)) if word == "define" else (Kind.UNDEF, (name,))
        return Statement(kind, values=values) if name else None
    if word in ("if", "ifdef", "ifndef"):
        condition = {"ifdef": f"defined {rest}", "ifndef": f"!defined {rest}"}.get(word, rest)
        return Statement(Kind.IF, values=(condition,))
    if word in ("else", "elif"):
        return Statement(Kind.ELSE, values=(rest if word == "elif" else "1",))
    return Statement(Kind.ENDIF) if word == "endif" else None


def _text(spelled: bytes) -> str:
    return spelled.decode("utf-8", "replace")


class _Outline:
    """The nodes of one file, nested by the byte ranges they span."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._open: list[tuple[int, str, str]] = []
        """End of the node, its anchor, its path below the anchor."""
        self._found: list[Statement] = []

    def statements(
        self, captured: dict[str, list[Node]], directives: list[tuple[int, Statement]]
    ) -> list[Statement]:
        """What nodes, properties and `directives` say, in file order."""
        spans: list[tuple[int, int, str | Statement]] = [
            (node.start_byte, node.end_byte, kind)
            for kind in ("node", "property", "delete", "unset")
            for node in captured.get(kind, ())
        ]
        spans += [(offset, offset, statement) for offset, statement in directives]
        spans.sort(key=lambda span: (span[0], -span[1]))
        for start, end, what in spans:
            while self._open and self._open[-1][0] <= start:
                self._open.pop()
            if isinstance(what, Statement):
                self._say(what.kind, what.values)
            elif what == "node":
                self._enter(start, end)
            elif what == "property":
                self._property(start, end)
            else:
                self._deletion(start, end, what)
        return self._found

    def _place(self) -> tuple[str, str]:
        return self._open[-1][1:] if self._open else ("", "")

    def _say(self, kind: Kind, values: tuple[str, ...]) -> None:
        self._found.append(Statement(kind, *self._place(), values))

    def _enter(self, start: int, end: int) -> None:
        header = _HEADER.match(self._text, start, end)
        if header is None:
            return
        name = _text(header["name"])
        if name.startswith("&"):
            anchor, below = _anchor(name), ""
        elif name == "/":
            anchor, below = "/", ""
        else:
            anchor, above = self._place()
            below = f"{above}/{name}"[:_LONGEST_PATH]
        self._open.append((end, anchor, below))
        for label in _LABEL.findall(header["labels"]):
            self._say(Kind.LABEL, (_text(label),))

    def _property(self, start: int, end: int) -> None:
        spelled = _PROPERTY.match(self._text, start, end)
        if spelled is None or _text(spelled[1]) not in _KEPT:
            return
        kind, value = Kind(_text(spelled[1])), spelled[2] or b""
        if kind in (Kind.IOMMUS, Kind.IOMMU_MAP):
            named = (
                f"/{_text(path.strip(b'/'))}" if path else _text(label)
                for path, label in _REFERENCE.findall(value)
            )
            self._say(kind, tuple(dict.fromkeys(named)))
        else:
            self._say(kind, tuple(_text(s) for s in _STRING.findall(value)))

    def _deletion(self, start: int, end: int, kind: str) -> None:
        spelled = _DELETED.match(self._text, start, end)
        if spelled is None:
            return
        name = _text(spelled[1])
        if kind == "delete":
            anchor, below = self._place()
            place = (_anchor(name), "") if name[0] == "&" else (anchor, f"{below}/{name}")
            self._found.append(Statement(Kind.DELETE, *place))
        elif name in _KEPT:
            self._say(Kind.UNSET, (name,))


def _anchor(reference: str) -> str:
    """``&label`` as it is; ``&{/soc/x}`` as the path ``/soc/x``."""
    return "/" + reference[2:-1].strip("/") if reference.startswith("&{") else reference
