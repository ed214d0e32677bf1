# SPDX-License-Identifier: GPL-2.0-only
"""The trees below sample-trees/: where they are, what lies under them, what they expect.

A tree with a file ``overlay-of`` holds only what differs from the tree that file names; laid
over it, as overlayfs does, it is a whole kernel tree.  The verdicts stand in the C, in a
comment on the line of a finding's primary location; sample-trees/README.md has the grammar.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

SAMPLE_TREES = Path(__file__).parent.parent / "sample-trees"
OVERLAY_OF = "overlay-of"

_COMMENT = re.compile(r"/\*\s*(expect|miss|false)\b(.*?)\*/")
_DEFINITION = re.compile(r"^\w[\w\s*]*?\b(\w+)\([^;{}]*\)\n\{", re.M)
_EXPECT = re.compile(
    r"(?P<rule>[a-z-]+)"
    r"(?: (?P<subject>driver data(?: of \w+)?|runtime PM|[\w.]+(?:->\w+)*)(?: (?P<callback>\w+))?)?"
    r"(?: effect=(?P<effect>[a-z-]+))?"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one comment says of its line; `None` fits anything."""

    path: str
    line: int
    kind: str
    """``expect`` fires and is true, ``false`` fires and is not, ``miss`` is true and silent."""
    rule: str
    subject: str | None = None
    callback: str | None = None
    effect: str | None = None

    def __str__(self) -> str:
        parts = (self.rule, self.subject or "", self.callback or "", self.effect or "")
        return f"{self.path}:{self.line}: " + " ".join(p for p in parts if p)


def trees() -> list[Path]:
    """Every sample tree, overlays and the tree under them included, by name."""
    marks = [*SAMPLE_TREES.rglob(OVERLAY_OF), *SAMPLE_TREES.rglob("Kconfig")]
    roots = {mark.parent for mark in marks if mark.parent.name not in ("iommu", "drivers")}
    return sorted(roots)


def name_of(tree: Path) -> str:
    """``late-global``, ``probe-path/0-before``."""
    return tree.relative_to(SAMPLE_TREES).as_posix()


def layers(tree: Path) -> list[Path]:
    """`tree` and the trees under it, lowest first."""
    found = [tree]
    while (mark := found[0] / OVERLAY_OF).exists():
        found.insert(0, SAMPLE_TREES / mark.read_text().strip())
    return found


def materialise(tree: Path, target: Path) -> Path:
    """`target`, filled with `tree` laid over what is under it."""
    for layer in layers(tree):
        shutil.copytree(layer, target, dirs_exist_ok=True)
    (target / OVERLAY_OF).unlink(missing_ok=True)
    return target


def sources(tree: Path, *patterns: str) -> list[str]:
    """The files of `tree` itself that fit `patterns`, as paths below its root."""
    found = {p for pattern in patterns or ("*.c", "*.h") for p in tree.rglob(pattern)}
    return sorted(p.relative_to(tree).as_posix() for p in found)


def verdicts(tree: Path, path: str) -> list[Verdict]:
    """The verdicts of one file; a comment that looks like one and is not raises `ValueError`."""
    found = []
    for number, line in enumerate((tree / path).read_text().splitlines(), 1):
        for kind, text in _COMMENT.findall(line):
            if not text.startswith(": "):
                raise ValueError(f"{path}:{number}: no ': ' after {kind}")
            found += _entries(path, number, kind, text[2:].strip())
    return found


def _entries(path: str, line: int, kind: str, text: str) -> list[Verdict]:
    if kind != "expect":
        rule, _, why = text.partition(" ")
        if not why:
            raise ValueError(f"{path}:{line}: {kind} needs a rule and a reason")
        return [Verdict(path, line, kind, rule)]
    return [_entry(path, line, part.strip()) for part in text.split(";")]


def _entry(path: str, line: int, text: str) -> Verdict:
    m = _EXPECT.fullmatch(text)
    if not m:
        raise ValueError(f"{path}:{line}: not 'rule [subject [callback]] [effect=…]': {text}")
    return Verdict(path, line, "expect", **m.groupdict())


def functions(text: str) -> list[tuple[int, str]]:
    """The line and the name of each function defined in `text`, written in kernel style."""
    return [(text.count("\n", 0, m.start(1)) + 1, m[1]) for m in _DEFINITION.finditer(text)]


def function_at(text: str, line: int) -> str:
    """The function that `line` lies in: the last one that begins above it."""
    return next((name for start, name in reversed(functions(text)) if start <= line), "")
