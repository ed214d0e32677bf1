# SPDX-License-Identifier: GPL-2.0-only
"""Which CONFIG_ symbols build a .c file: Kbuild makefiles read as text, never run.

Rests on ``Documentation/kbuild/makefiles.rst``: ``obj-$(CONFIG_X) += a.o``, composite objects
(``a-y``, ``a-objs``, ``a-$(CONFIG_Y)``), lists taken up by reference (``obj-y += $(a-y)``),
directories entered with ``obj-$(CONFIG_X) += dir/`` and ``ifdef CONFIG_X`` around all of them.
Make functions are not evaluated: an object that only ``$(patsubst …)`` names is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from kscan.source.tree import Tree, Unreadable

_CONTINUED = re.compile(r"(?:(?<![ \t])[ \t]++)?+\\\r?\n[ \t]*+")
_COMMENT = re.compile(r"(?<!\\)#.*")
_ASSIGNMENT = re.compile(r"([^=]*)=\s*+(.*)")
_OPERATOR = re.compile(r"(?:\+|::?|\?)\Z")
_PLAIN = re.compile(r"[\w.@/-]++")
_SUFFIXED = re.compile(r"([\w.@/-]+)-((?:y|m|n|objs)*+(?:\$\([\w$(),. -]*\)(?:y|m|n|objs)*+)?+)")
_CONDITION = re.compile(r"^\s*(ifdef|ifndef|ifeq|ifneq|else|endif)\b\s*(.*)$")
_CONFIG = re.compile(r"CONFIG_\w+")
_LISTED = re.compile(r"\$\(([\w.@/-]+?)(?:-(?:y|m|objs))?\)")
_PREFIXED = re.compile(r"\$\(addprefix ([\w./-]+),([^()$]*)\)")
_INCLUDE = re.compile(r"^\s*-?include\s+(?:\$\(srctree\)/)?\$\(src\)/([\w./-]+)\s*$")
_ENTRANCES = frozenset({"obj", "lib", "subdir", "core", "drivers", "libs", "net", "init", "virt"})
_LONGEST = 1 << 20
_MANY_WAYS = 32
_MANY_INCLUDES = 200
_MANY_SYMBOLS = 100
"""Of one assignment; the deepest makefile of 6.12 asks for a handful."""

_MANY_STEPS = 200
_MANY_CHOICES = 10_000
_LONGEST_PREFIX = 200


@dataclass(frozen=True, slots=True)
class _Rule:
    """One assignment: ``stem-… += words``, under the symbols that must be set for it."""

    stem: str
    symbols: tuple[str, ...]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Build:
    """One way a file gets into a kernel or a module."""

    target: str
    """The object or module without suffix, as ``drivers/iommu/foo-iommu``."""
    own: tuple[str, ...]
    """Symbols the object's own makefile asks for, the module's last."""
    around: tuple[str, ...] = ()
    """Symbols of the directories above, innermost first."""

    @property
    def gate(self) -> str:
        """The symbol that decides: the module's own, else its nearest directory's; or empty."""
        return self.own[-1] if self.own else next(iter(self.around), "")


def builds(tree: Tree, path: str) -> tuple[Build, ...]:
    """The ways `path`, a C file, is built; empty when no makefile names its object."""
    stem = PurePosixPath(path).with_suffix("")
    for directory in stem.parents:
        target = f"{stem.relative_to(directory)}.o"
        ways = tuple(_ways(_rules(tree, directory), target))
        if ways:
            around = _symbols_above(tree, directory)
            return tuple(
                Build(str(directory / name), tuple(dict.fromkeys(symbols)), around)
                for name, symbols in dict.fromkeys(ways)
            )
    return ()


def driver(tree: Tree, path: str) -> str:
    """The object `path` builds into, as ``drivers/iommu/foo-iommu``; else its own stem."""
    ways = builds(tree, path)
    return ways[0].target if ways else str(PurePosixPath(path).with_suffix(""))


def members(tree: Tree, path: str) -> tuple[str, ...]:
    """The C files that build into the same object as `path`, itself first, the others sorted."""
    others: set[str] = set()
    for way in builds(tree, path):
        target = PurePosixPath(way.target)
        for rule in _rules(tree, target.parent):
            if rule.stem == target.name:
                others |= {
                    str(target.parent / word[:-2]) + ".c"
                    for word in rule.words
                    if word.endswith(".o")
                }
    return (path, *sorted(other for other in others - {path} if tree.exists(other)))


def symbols(ways: tuple[Build, ...]) -> tuple[str, ...]:
    """All symbols of `ways`: the objects' own first, then those of the directories."""
    own = (symbol for way in ways for symbol in reversed(way.own))
    around = (symbol for way in ways for symbol in way.around)
    return tuple(dict.fromkeys((*own, *around)))


def _symbols_above(tree: Tree, directory: PurePosixPath) -> tuple[str, ...]:
    """Symbols that gate `directory`, from the nearest makefile above it up to the root."""
    found: list[str] = []
    while directory.parts:
        for above in directory.parents:
            ways = _ways(_rules(tree, above), f"{directory.relative_to(above)}/")
            choices = sorted((len(symbols), symbols) for _, symbols in ways)
            if choices:
                found += choices[0][1]
                break
        directory = directory.parent
    return tuple(dict.fromkeys(found))


def _ways(rules: tuple[_Rule, ...], target: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """How `target` (``a.o`` or ``dir/``) is reached: the entrance's object, and the symbols."""
    pending: list[tuple[str, str, tuple[str, ...]]] = [(target, target, ())]
    seen = set(pending)
    found = steps = 0
    while pending and found < _MANY_WAYS and steps < _MANY_STEPS and len(seen) < _MANY_CHOICES:
        word, name, symbols = pending.pop()
        steps += 1
        for rule in (rule for rule in rules if word in rule.words):
            gathered = tuple(dict.fromkeys((*symbols, *rule.symbols)))
            if rule.stem in _ENTRANCES:
                yield name.removesuffix(".o"), gathered
                found += 1
                continue
            composite = f"{rule.stem}.o"
            above = {(composite, composite, gathered), (f"$({rule.stem})", name, gathered)} - seen
            seen |= above
            pending += sorted(above)


def _rules(tree: Tree, directory: PurePosixPath) -> tuple[_Rule, ...]:
    """The rules of the makefile in `directory`, as Kbuild looks for it, and what it includes."""
    name = next((n for n in ("Kbuild", "Makefile") if tree.exists(str(directory / n))), None)
    if name is None:
        return ()
    rules: list[_Rule] = []
    pending, seen = [name], {name}
    while pending:
        found, included = _parsed(_text(tree, str(directory / pending.pop())))
        rules += found
        fresh = [path for path in included if path not in seen]
        if len(seen) + len(fresh) <= _MANY_INCLUDES:
            seen.update(fresh)
            pending += fresh
    return tuple(rules)


def _text(tree: Tree, path: str) -> bytes:
    try:
        return tree.read(path)[:_LONGEST] if tree.exists(path) else b""
    except Unreadable:
        return b""


@lru_cache(maxsize=256)
def _parsed(makefile: bytes) -> tuple[tuple[_Rule, ...], tuple[str, ...]]:
    """The rules of one makefile, and the paths it includes below its own directory."""
    text = _CONTINUED.sub(" ", makefile.decode("utf-8", "replace"))
    text = text.replace("${", "$(").replace("}", ")")
    rules: list[_Rule] = []
    included: list[str] = []
    conditions: list[tuple[str, ...]] = []
    for line in text.split("\n"):
        plain = _COMMENT.sub("", line)
        if condition := _CONDITION.match(plain):
            _follow(conditions, condition[1], condition[2])
        elif assigned := _assigned(plain):
            rules.append(_rule(*assigned, conditions[-1] if conditions else ()))
        elif include := _INCLUDE.match(plain):
            included.append(include[1])
    return tuple(rule for rule in rules if rule.words), tuple(included)


def _assigned(line: str) -> tuple[str, str, str] | None:
    """Stem, suffix and value of an assignment: ``obj``, ``$(CONFIG_X)`` and ``a.o``; or None."""
    assignment = _ASSIGNMENT.fullmatch(line)
    if assignment is None:
        return None
    target = _OPERATOR.sub("", assignment[1]).strip()
    if suffixed := _SUFFIXED.fullmatch(target):
        return suffixed[1], suffixed[2], assignment[2]
    return (target, "", assignment[2]) if _PLAIN.fullmatch(target) else None


def _rule(stem: str, suffix: str, value: str, gates: tuple[str, ...]) -> _Rule:
    value = _PREFIXED.sub(_spelled_out, value)
    listed = {f"$({name})" for name in _LISTED.findall(value)}
    words = {word.removeprefix("./") for word in value.split() if word.endswith((".o", "/"))}
    symbols = tuple(dict.fromkeys((*gates, *_CONFIG.findall(suffix))))[-_MANY_SYMBOLS:]
    return _Rule(stem, symbols, frozenset(words | listed))


def _spelled_out(prefixed: re.Match[str]) -> str:
    """``$(addprefix dir/, a.o b.o)`` as ``dir/a.o dir/b.o``."""
    if len(prefixed[1]) > _LONGEST_PREFIX:
        return ""
    return " ".join(prefixed[1] + word for word in prefixed[2].split())


def _follow(conditions: list[tuple[str, ...]], word: str, rest: str) -> None:
    """Keep the symbols that must be set on the lines that follow; a negated test asks for none.

    The last of `conditions` has those of all that are open.
    """
    if word in ("endif", "else"):
        del conditions[-1:]
    if word == "endif":
        return
    inner = _CONDITION.match(rest) if word == "else" else None
    if inner:
        word, rest = inner[1], inner[2]
    around = conditions[-1] if conditions else ()
    conditions.append((*around, *_asked(word, rest))[:_MANY_SYMBOLS])


def _asked(word: str, rest: str) -> tuple[str, ...]:
    """The symbols that a test wants set: ``ifdef X``, ``ifeq ($(X),y)``, ``ifneq ($(X),)``."""
    empty = bool(re.search(r",\s*\)\s*$", rest))
    wants = word == "ifdef" or (word == "ifeq" and not empty) or (word == "ifneq" and empty)
    return tuple(_CONFIG.findall(rest)) if wants else ()
