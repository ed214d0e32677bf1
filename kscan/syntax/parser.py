# SPDX-License-Identifier: GPL-2.0-only
"""The one door to tree-sitter: kernel C in, a syntax tree out, within bounds.

A tree-sitter parse never fails on its own: what it cannot read it wraps in ERROR nodes and
what it expected it adds as MISSING nodes.  The bounds here are for hostile input only; the
largest C files of a kernel tree (the register headers below ``drivers/gpu/drm/amd/include``)
are the reason for :data:`SIZE_LIMIT`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache

import tree_sitter_c
from tree_sitter import Language, Node, Parser, Tree

from kscan.model import KscanError

SIZE_LIMIT = 8 << 20
"""Bytes; longer files are not parsed."""

TIME_LIMIT = 20.0
"""Seconds of processor time that one parse may take: the same on a busy machine."""

NESTING_LIMIT = 200
"""Brackets open at once; the deepest file of 6.12 has 15."""

DEPTH_LIMIT = 400
"""Levels of the syntax tree, which operators nest as well; the deepest of 6.12 has 190."""

CHAIN_LIMIT = 2000
"""Equals signs between two brackets, commas or semicolons; a header of 6.12 has 912 in comments.

Of ``.a=.a=.a=`` tree-sitter takes time and memory that grow with its square, in one step that
no clock can interrupt: a gigabyte for 30 KB.
"""

_WATCHED_FROM = 64 << 10
"""Bytes from which a parse is watched by the clock; below it even hostile text is quick."""

_SAMPLE = 400
_CHUNK = 32 << 10
_NOT_BRACKETS = bytes(set(range(256)) - set(b"(){}[]"))
_NOT_CHAIN = bytes(set(range(256)) - set(b"(){}[],;="))


class Unparsable(KscanError):
    """A file that is not parsed, and why; callers turn it into a `Skip`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@cache
def language() -> Language:
    """The C grammar."""
    return Language(tree_sitter_c.language())


@cache
def _parser() -> Parser:
    return Parser(language())


def parse(text: bytes) -> Tree:
    """The syntax tree of `text`, which is C after :func:`kscan.syntax.dialect.respell`.

    Raises `Unparsable` when `text` is too long, nested too deeply or takes too long.
    """
    if len(text) > SIZE_LIMIT:
        raise Unparsable(f"{len(text)} bytes, more than the {SIZE_LIMIT} that are parsed")
    if nested_deeper_than(text, NESTING_LIMIT):
        raise Unparsable(f"brackets nested more than {NESTING_LIMIT} deep")
    if b"=" * CHAIN_LIMIT in text.translate(None, _NOT_CHAIN):
        raise Unparsable(f"{CHAIN_LIMIT} equals signs in one expression")
    watched = len(text) >= _WATCHED_FROM
    is_over = _clock() if watched else _never
    tree = _parse_watched(text, is_over) if watched else _parser().parse(text)
    if _deeper_than(tree, DEPTH_LIMIT, is_over):
        raise Unparsable(f"syntax nested more than {DEPTH_LIMIT} deep")
    return tree


_IsOver = Callable[[], bool]
"""The parse has taken too long."""


def _clock() -> _IsOver:
    """A clock of processor time, asked for only where as much time has passed at all."""
    passed, spent = time.monotonic() + TIME_LIMIT, time.thread_time() + TIME_LIMIT
    return lambda: time.monotonic() > passed and time.thread_time() > spent


def _never() -> bool:
    return False


def _parse_watched(text: bytes, is_over: _IsOver) -> Tree:
    """Parse under the clock, then once more from that tree, which costs next to nothing.

    The second tree holds `text` itself: the first reads it through a callback whenever a
    query or ``Node.text`` wants a byte.  The parser is one of its own: while a callback runs,
    another thread may parse, and a parser that two use at once crashes; and one that a signal
    interrupts would go on where it stopped, in the next text.
    """
    try:
        watched = Parser(language()).parse(
            lambda offset, _point: text[offset : offset + _CHUNK],
            progress_callback=lambda _offset, _error: is_over(),
        )
    except ValueError:
        raise _too_slow() from None
    return _parser().parse(text, watched)


def _too_slow() -> Unparsable:
    return Unparsable(f"not parsed within {TIME_LIMIT:.0f} seconds")


def nested_deeper_than(text: bytes, limit: int) -> bool:
    """More than `limit` brackets of `text` are open at once.

    Pairs are taken out from the inside, one level a round, so the rounds count the depth.
    Brackets without a partner count as open.
    """
    left = text.translate(None, _NOT_BRACKETS)
    for _ in range(limit):
        inner = left.replace(b"()", b"").replace(b"[]", b"").replace(b"{}", b"")
        if len(inner) == len(left):
            break
        left = inner
    closed = any(pair in left for pair in (b"()", b"[]", b"{}"))
    return closed or len(left.translate(None, b")}]")) > limit


def _deeper_than(tree: Tree, limit: int, is_over: _IsOver) -> bool:
    """Some leaf of `tree` stands more than `limit` levels below the root.

    Looks at a leaf every `_SAMPLE` bytes: a chain that nests so often spans many of them.
    Each look passes all parts of an ERROR node; raises `Unparsable` where that `is_over`.
    """
    cursor = tree.walk()
    for offset in range(0, tree.root_node.end_byte, _SAMPLE):
        if is_over():
            raise _too_slow()
        cursor.reset(tree.root_node)
        depth = 0
        while cursor.goto_first_child_for_byte(offset) is not None:
            depth += 1
            if depth > limit:
                return True
    return False


def errors_in(node: Node) -> Iterator[Node]:
    """The ERROR and MISSING nodes at or below `node`, outermost first, in source order.

    What lies inside an ERROR node is not visited: it is one place that was not understood.
    """
    pending = [node]
    while pending:
        current = pending.pop()
        if current.is_error or current.is_missing:
            yield current
        elif current.has_error:
            pending.extend(reversed(current.children))
