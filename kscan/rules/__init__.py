# SPDX-License-Identifier: GPL-2.0-only
"""The hazards, one file each: a decorated generator whose module docstring is its page.

A rule is found by walking this package; its id is its file's name with dashes. It asks a
`kscan.hazards.case.Case` and yields findings; it never looks at another rule.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from kscan.model import Finding, KscanError, RuleInfo, Severity
from kscan.wording import closest, meant

if TYPE_CHECKING:
    from kscan.hazards.case import Case

Check = Callable[["Case"], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One hazard: what a report says of it, and the generator that finds it."""

    check: Check
    summary: str
    severity: Severity
    each: bool = False
    """It looks at each registration by itself, so that processes may share them out.

    Of those it asks `Case.late_reads` and `Case.bound_reads` alone, which keep to whose turn it is.
    """

    @property
    def id(self) -> str:
        """``late-global`` for ``kscan/rules/late_global.py``."""
        return self.check.__module__.rpartition(".")[2].replace("_", "-")

    @property
    def page(self) -> str:
        """What it finds, why it matters, how it can be wrong; C stands between backticks."""
        text = inspect.getdoc(inspect.getmodule(self.check)) or ""
        return text.replace("``", "`")

    def info(self) -> RuleInfo:
        """The rule as a report lists it."""
        return RuleInfo(self.id, self.summary, self.severity, self.page)


def rule(*, summary: str, severity: Severity, each: bool = False) -> Callable[[Check], Rule]:
    """Makes a rule of a generator."""
    return lambda check: Rule(check, summary, severity, each)


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of the package, by id."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        found += [value for value in vars(loaded).values() if isinstance(value, Rule)]
    return tuple(sorted(found, key=lambda r: r.id))


def selected(ids: tuple[str, ...], where: str = "") -> tuple[Rule, ...]:
    """The rules named, or all; raises `KscanError`, after `where`, for an unknown id."""
    known = {found.id: found for found in rules()}
    for wanted in ids:
        if wanted not in known:
            raise KscanError(f"{where}no rule {wanted!r}: {_meant(wanted, known)}")
    return tuple(known[wanted] for wanted in dict.fromkeys(ids)) if ids else rules()


_LIKENESS = 0.6
"""From which on one of a dozen names is taken for meant."""


def _meant(wanted: str, known: Iterable[str]) -> str:
    """What to try in place of `wanted`."""
    near = closest(wanted, known, _LIKENESS)[:1]
    if near:
        return f"{meant(near)} `kscan rules` lists all"
    return f"`kscan rules` lists {', '.join(known)}"


def shared_out(rules: Iterable[Rule]) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """The rules that look at each registration by itself, and the others."""
    chosen = tuple(rules)
    return tuple(r for r in chosen if r.each), tuple(r for r in chosen if not r.each)
