# SPDX-License-Identifier: GPL-2.0-only
"""How much of a kernel tree the parser understands: ``kscan health TREE``.

Three figures say it.  Functions found are the definitions in the syntax trees.  Functions with
a parse error are those that hold an ERROR or MISSING node, or another function.  Functions lost
are an estimate: a head in column 0 with a type, a name, an argument list and a brace is a
definition by kernel style (``Documentation/process/coding-style.rst``), and a name defined that
way that no syntax tree defines counts as lost.  Heads that are nothing but a macro
(``SYSCALL_DEFINE1(...)``) are not in the estimate, nor is what ``#if 0`` hides.
"""

from __future__ import annotations

import heapq
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tree_sitter import Node

from kscan.model import Skip
from kscan.progress import Progress, silent
from kscan.source.open import open_tree
from kscan.source.tree import Tree, Unreadable, is_below
from kscan.syntax.dialect import Respelled, respell
from kscan.syntax.functions import Definition, definitions
from kscan.syntax.parser import Unparsable, errors_in, parse
from kscan.syntax.sketch import defined_names
from kscan.wording import counted
from kscan.workers import workers

WORST = 20
"""Files of which the report names what derailed them."""

PER_FILE = 5
"""Derailments named per file."""

_BATCH = 1 << 20  # bytes a worker gets at once
_AHEAD = 3  # batches waiting per worker
_MACRO = re.compile(
    r"\b(?!(?:if|for|while|switch|return|sizeof)\b)([A-Za-z_]\w*)\s*\(|\b([A-Z_]{3,}\w*)"
)
_UPPER = re.compile(r"[A-Z_]{3}")
_NAME = re.compile(r"\b(?!(?:break|case|const|continue|do|else|goto|static)\b)([A-Za-z_]\w*)()")


@dataclass(frozen=True, slots=True)
class Derailment:
    """One place where the parser lost its way."""

    line: int
    function: str
    """Empty at file scope."""
    macro: str
    """The upper-case word before it on its line, else the invocation that it stands in and that
    begins on a line above, else the invocation or name nearest to it; empty where none is."""
    source: str
    """The line as it stands in the file, stripped."""


@dataclass(frozen=True, slots=True)
class FileHealth:
    """The figures of one file."""

    path: str
    functions: int
    functions_with_errors: int
    lost: tuple[str, ...] = ()
    """Names of functions that the syntax tree does not define."""
    derailments: tuple[Derailment, ...] = ()

    @property
    def misread(self) -> int:
        """Functions not understood."""
        return self.functions_with_errors + len(self.lost)


@dataclass(frozen=True, slots=True)
class Health:
    """The figures of a tree."""

    files: int
    functions: int
    functions_with_errors: int
    functions_lost: int
    worst: tuple[FileHealth, ...] = ()
    """At most `WORST` files, the worst first; none without a fault."""
    skips: tuple[Skip, ...] = ()
    """Files that were not parsed, by path."""

    @property
    def share_with_errors(self) -> float:
        """Functions with a parse error among those found, from 0 to 1."""
        return self.functions_with_errors / self.functions if self.functions else 0.0


def health(
    source: Path | Tree | Iterable[tuple[str, bytes]],
    *,
    under: Sequence[str] = (),
    jobs: int | None = None,
    progress: Progress = silent,
) -> Health:
    """The figures of all ``.c`` files of `source` below the directories `under`.

    `source` is a kernel tree, its top directory, or paths with contents.  `jobs` processes
    share the work, by default one per CPU; the answer does not depend on how many.
    Raises `KscanError` where there is no kernel tree to read.
    """
    unread: list[Skip] = []
    files, number = _files(source, under, unread)
    total = _Total()
    for batch in _examined(_batches(files), jobs or len(os.sched_getaffinity(0))):
        total.add(batch)
        progress(f"parsed {total.seen + len(unread):,} of {number}")
    return total.health(unread)


def _files(
    source: Path | Tree | Iterable[tuple[str, bytes]], under: Sequence[str], unread: list[Skip]
) -> tuple[Iterator[tuple[str, bytes]], str]:
    """Path and content of each file asked for, and how many these are.

    One that cannot be read goes to `unread`.
    """
    if isinstance(source, Path):
        source = open_tree(source)
    if isinstance(source, Iterable):
        return (item for item in source if is_below(item[0], under)), "the files given"
    paths = [path for path in source.paths() if path.endswith(".c") and is_below(path, under)]
    return _read(source, paths, unread), counted(len(paths), "file")


def _read(tree: Tree, paths: Sequence[str], unread: list[Skip]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        try:
            yield path, tree.read(path)
        except Unreadable as error:
            unread.append(Skip(path, error.reason))


def _batches(files: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    batch: list[tuple[str, bytes]] = []
    size = 0
    for path, content in files:
        batch.append((path, content))
        size += len(content)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _examined(
    batches: Iterator[list[tuple[str, bytes]]], number: int
) -> Iterator[list[FileHealth | Skip]]:
    """What `examine_all` says of each batch, in order, by `number` processes, a few ahead."""
    if number == 1:
        yield from map(examine_all, batches)
        return
    waiting: deque[Future[list[FileHealth | Skip]]] = deque()
    with workers(number) as pool:
        for batch in batches:
            waiting.append(pool.submit(examine_all, batch))
            if len(waiting) > number * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class _Total:
    """The sum over files, of which only the worst are kept."""

    def __init__(self) -> None:
        self._files = self._functions = self._with_errors = self._lost = 0
        self._worst: list[FileHealth] = []
        self._skips: list[Skip] = []

    @property
    def seen(self) -> int:
        """Files that were examined, parsed or not."""
        return self._files + len(self._skips)

    def add(self, batch: list[FileHealth | Skip]) -> None:
        faulty = list(self._worst)
        for file in batch:
            if isinstance(file, Skip):
                self._skips.append(file)
                continue
            self._files += 1
            self._functions += file.functions
            self._with_errors += file.functions_with_errors
            self._lost += len(file.lost)
            if file.misread:
                faulty.append(file)
        self._worst = heapq.nsmallest(WORST, faulty, key=lambda file: (-file.misread, file.path))

    def health(self, unread: list[Skip]) -> Health:
        skips = sorted(unread + self._skips, key=lambda skip: skip.path)
        return Health(
            self._files,
            self._functions,
            self._with_errors,
            self._lost,
            tuple(self._worst),
            tuple(skips),
        )


def examine_all(batch: list[tuple[str, bytes]]) -> list[FileHealth | Skip]:
    """`examine` for each file of `batch`; runs in a worker."""
    return [examine(path, source) for path, source in batch]


def examine(path: str, source: bytes) -> FileHealth | Skip:
    """The figures of one file, or why it has none."""
    respelled = respell(source)
    try:
        tree = parse(respelled.text)
    except Unparsable as error:
        return Skip(path, error.reason)
    found = definitions(tree)
    broken = sum(definition.broken for definition in found)
    lost = _lost(source, respelled, found)
    derailments = _derailments(source, tree.root_node, found) if broken or lost else ()
    return FileHealth(path, len(found), broken, lost, derailments)


def _lost(source: bytes, respelled: Respelled, found: list[Definition]) -> tuple[str, ...]:
    """Names that the sketch of `source` defines and the syntax tree does not."""
    dead = [mark for mark in respelled.marks if mark.kind == "dead"]
    names = {
        name.decode("utf-8", "replace")
        for offset, name in defined_names(source)
        if not any(mark.offset <= offset < mark.offset + mark.length for mark in dead)
    }
    return tuple(sorted(names - {definition.name for definition in found}))


def _derailments(source: bytes, root: Node, found: list[Definition]) -> tuple[Derailment, ...]:
    """The first errors of each broken function, and of file scope, at most `PER_FILE`."""
    lines = source.split(b"\n")
    places: dict[str, Derailment] = {}
    for error in errors_in(root):
        line = error.start_point[0]
        function = _function_at(error.start_byte, found)
        if function not in places:
            text = lines[line].decode("utf-8", "replace").strip()
            macro = _macro_near(text, error.start_point[1])
            if not _UPPER.match(macro):
                macro = _invocation_around(error) or macro
            places[function] = Derailment(line + 1, function, macro, text)
        if len(places) >= PER_FILE:
            break
    return tuple(places.values())


def _function_at(offset: int, found: list[Definition]) -> str:
    inside = (one for one in found if one.node.start_byte <= offset < one.node.end_byte)
    return next((one.name for one in inside), "")


def _invocation_around(error: Node) -> str:
    """What is called with `error` among its arguments, if the call begins on a line above."""
    node, line = error, error.start_point[0]
    while node.parent is not None:
        inner, node = node, node.parent
        if inner.type == "argument_list" and node.start_point[0] < line:
            called = node.child_by_field_name("function")
            if called is not None and called.type == "identifier":
                return (called.text or b"").decode("utf-8", "replace")
    return ""


def _macro_near(text: str, column: int) -> str:
    """The last macro that begins before `column` of the line `text`, or its first.

    A word that could be one comes after what surely looks like one.
    """
    for pattern in (_MACRO, _NAME) if not text.startswith("#") else (_MACRO,):
        macros = [(m.start(), m[1] or m[2]) for m in pattern.finditer(text)]
        before = [name for start, name in macros if start <= column]
        if macros:
            return before[-1] if before else macros[0][1]
    return ""


def as_text(answer: Health) -> str:
    """The figures in lines, the worst files last; diagnostics start ``path:line:``."""
    lines = [
        f"{answer.files} files, {answer.functions} functions",
        f"{answer.functions_with_errors} functions with a parse error inside"
        f" ({100 * answer.share_with_errors:.2f} %)",
        f"{answer.functions_lost} functions lost (estimated)",
    ]
    for skip in answer.skips:
        lines.append(f"{skip.path}: skipped: {skip.reason}")
    for file in answer.worst:
        lines.append(
            f"{file.path}: {file.functions_with_errors} of {file.functions} functions"
            f" with a parse error, {len(file.lost)} lost"
        )
        lines += [f"    {file.path}:{at.line}: {_where(at)}" for at in file.derailments]
    return "\n".join(lines) + "\n"


def _where(at: Derailment) -> str:
    place = f"{at.function}(): " if at.function else ""
    return f"{place}{at.macro or at.source}"


def as_json(answer: Health) -> dict[str, Any]:
    """The figures as a JSON document, ``kscan/health/1``."""
    return {
        "schema": "kscan/health/1",
        "files": answer.files,
        "functions": answer.functions,
        "functions_with_errors": answer.functions_with_errors,
        "functions_lost": answer.functions_lost,
        "worst": [
            {
                "path": file.path,
                "functions": file.functions,
                "functions_with_errors": file.functions_with_errors,
                "lost": list(file.lost),
                "derailments": [
                    {
                        "line": at.line,
                        "function": at.function,
                        "macro": at.macro,
                        "source": at.source,
                    }
                    for at in file.derailments
                ],
            }
            for file in answer.worst
        ],
        "skips": [{"path": skip.path, "reason": skip.reason} for skip in answer.skips],
    }
