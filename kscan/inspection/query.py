# SPDX-License-Identifier: GPL-2.0-only
"""``kscan query``: a tree-sitter query of the reader's own, run over kernel C as kscan reads it.

The text is that of the dialect: annotations are blank, loop macros are ``while``, guards ``if``;
what is shown is the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node, Query, QueryCursor

from kscan.inspection.inspection import Document, Inspection, on_one_line
from kscan.model import KscanError
from kscan.source.tree import C_SUFFIXES, is_below
from kscan.syntax import dialect, parser
from kscan.syntax.queries import compile_query
from kscan.wording import counted, rows_printable

MOST_MATCHES = 10_000
"""Matches after which a run says that it gave up."""

_PREDICATES = frozenset(
    f"{negated}{name}?" for name in ("eq", "match", "any-of") for negated in ("", "not-")
) | frozenset(["any-eq?", "any-not-eq?", "any-match?", "any-not-match?", "is?", "is-not?", "set!"])
"""What tree-sitter's Python binding evaluates; it passes over others in silence."""

_PREDICATE = re.compile(r"\(#([\w-]+[?!])")
_COMMENT = re.compile(r"^[ \t]*;.*$", re.MULTILINE)
_LARGEST_QUERY = 1 << 20
_MOST_NODES = 10_000
"""Brackets of a query: tree-sitter follows each one into the last, until the stack is full."""
_LONGEST = 100


def run(inspection: Inspection, file: Path, below: str) -> Document:
    """The document ``kscan/query/1``: the captures of `file` in the C files at or below `below`.

    Raises `KscanError` for a query that does not compile or a place that is not in the tree.
    """
    query = _compiled(file)
    paths = _paths(inspection, below)
    skips: dict[str, str] = {}
    found: list[Document] = []
    for number, path in enumerate(paths):
        if len(found) >= MOST_MATCHES:
            skips.update((left, "not read: too many matches before it") for left in paths[number:])
            break
        try:
            found += _matches(query, path, inspection.tree.read(path))
        except KscanError as error:
            skips[path] = getattr(error, "reason", str(error))
    return {
        **inspection.heading("query"),
        "query": file.name,
        "below": below,
        "files": len(paths),
        "matches": found,
        "skips": [{"path": path, "reason": why} for path, why in sorted(skips.items())],
    }


def _compiled(file: Path) -> Query:
    try:
        if file.stat().st_size > _LARGEST_QUERY:
            raise KscanError(f"{file}: more than a megabyte: give a query")
        source = file.read_text(encoding="utf-8")
    except OSError as error:
        raise KscanError(f"{file}: {error.strerror}: give a file with a query") from None
    except UnicodeDecodeError:
        raise KscanError(f"{file}: not UTF-8: give a file with a query") from None
    unknown = sorted(set(_PREDICATE.findall(_COMMENT.sub("", source))) - _PREDICATES)
    if unknown:
        known = ", ".join(f"#{name}" for name in sorted(_PREDICATES))
        raise KscanError(f"{file}: no predicate #{unknown[0]}: known are {known}")
    if source.count("(") + source.count("[") > _MOST_NODES:
        raise KscanError(f"{file}: more than {_MOST_NODES:,} nodes: give a smaller query")
    query = compile_query(source, str(file))
    if not query.capture_count:
        raise KscanError(f"{file}: the query has no @capture: nothing can be shown")
    return query


def _paths(inspection: Inspection, below: str) -> list[str]:
    """The C files at or below `below`."""
    place = below.removeprefix("./").strip("/")
    place = "" if place == "." else place
    found = [
        path
        for path in inspection.tree.paths()
        if is_below(path, (place,)) and (path.endswith(C_SUFFIXES) or path == place)
    ]
    if not found:
        raise KscanError(
            f"{inspection.tree.name}: no C file at or below {below!r}: give a path below its top"
        )
    return found


def _matches(query: Query, path: str, source: bytes) -> Iterator[Document]:
    root = parser.parse(dialect.respell(source).text).root_node
    rows = []
    for pattern, captures in QueryCursor(query).matches(root):
        nodes = [(node, name) for name, several in captures.items() for node in several]
        nodes.sort(key=lambda pair: (pair[0].start_byte, -pair[0].end_byte, pair[1]))
        if nodes:
            rows.append((nodes[0][0].start_byte, pattern, nodes))
    rows.sort(key=lambda row: row[:2])
    for _, pattern, nodes in rows:
        yield {
            "path": path,
            "pattern": pattern,
            "captures": [_capture(name, node, source) for node, name in nodes],
        }


def _capture(name: str, node: Node, source: bytes) -> Document:
    text = source[node.start_byte : node.end_byte].decode("utf-8", "replace")
    return {
        "name": name,
        "line": node.start_point[0] + 1,
        "column": node.start_point[1] + 1,
        "end_line": node.end_point[0] + 1,
        "end_column": node.end_point[1] + 1,
        "text": text,
    }


def as_text(document: Document) -> str:
    """`document` for a terminal: ``path:line:column: @capture: text``, a line a capture."""
    rows = [
        f"{match['path']}:{capture['line']}:{capture['column']}: @{capture['name']}: "
        f"{on_one_line(capture['text'], _LONGEST)}"
        for match in document["matches"]
        for capture in match["captures"]
    ]
    rows.append(_summary(document))
    rows += [f"skipped: {skip['path']}: {skip['reason']}" for skip in document["skips"][:20]]
    if len(document["skips"]) > 20:
        rows.append(f"skipped: {counted(len(document['skips']) - 20, 'more file')}")
    return rows_printable(rows)


def _summary(document: Document) -> str:
    """In how many of the files that were searched something matched."""
    found = counted(len(document["matches"]), "match", "matches")
    matching = len({match["path"] for match in document["matches"]})
    return f"{found} in {matching} of {counted(document['files'], 'file')}"
