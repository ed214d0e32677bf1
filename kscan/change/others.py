# SPDX-License-Identifier: GPL-2.0-only
"""From the functions a change alters to the drivers they concern: registering, above and below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kscan.change.drivers import Link, Share, share
from kscan.change.reached import NEAR, Reached
from kscan.change.reaching import Reaching
from kscan.hazards.case import Case
from kscan.kernel.catalogue import Catalogue
from kscan.program.program import Function, Program
from kscan.reachability import Implementation
from kscan.source.tree import Tree, WordTree

MOST_ALTERED = 200
"""Altered functions that drivers are looked for from."""


@dataclass
class Others:
    """The drivers beside a change, in the tree that has it."""

    program: Program
    catalogue: Catalogue
    cases: Sequence[Case]
    touched: frozenset[str]
    """The files that the change edits: their drivers are no others."""
    _below: Reached = field(init=False)
    _far: Reached = field(init=False)
    """Further below drivers' own functions: that is counted."""
    _above: Reaching = field(init=False)

    def __post_init__(self) -> None:
        tags = frozenset(tag for case in self.cases for tag in case.contract.tables)
        tables = [case.window.tables for case in self.cases]
        given = (self.program, self.catalogue, tables, tags, self._followed)
        self._below, self._far = Reached(*given), Reached(*given)
        self._above = Reaching(self.program, self.catalogue)

    @cached_property
    def _followed(self) -> frozenset[str]:
        walked = (case.contract.walked for case in self.cases)
        edges = (edge for scenario in self.catalogue.scenarios for edge in scenario.edge)
        return frozenset([*(w.slot for w in walked if w), *(edge.slot for edge in edges)])

    def share(self, altered: Iterable[Implementation]) -> Share:
        """The drivers that the functions `altered` concern, nearest first."""
        altered = tuple(altered)
        changed = self._nearest(altered)
        functions = list(self._functions(changed))
        links = [*self._registering(altered), *self._above.begin(changed)]
        public = self._above.files
        shared = [f for f in functions if f.path in public or f in self._core]
        own = [function for function in functions if function not in shared]
        links += self._above.go_on()
        links += [*self._below.begin(shared), *self._below.begin(own, NEAR)]
        further = list(self._far.begin(own))
        steps = (self._above, self._below, self._far)
        search_ahead(self.program.reader.tree, [name for step in steps for name in step.names])
        links += [*self._above.go_on(), *self._below.go_on()]
        further += self._far.go_on()
        uncounted = [path for step in steps for path in step.not_looked_into]
        uncounted += [link.path for link in further]
        return share(altered, links, self.touched, uncounted, self._is_inside)

    def _is_inside(self, link: Link) -> bool:
        """A registration runs it: what registers calls in, or is called back from there."""
        return any(_runs(case, called, link) for case, called in self._called)

    @cached_property
    def _called(self) -> list[tuple[Case, frozenset[tuple[str, str]]]]:
        """What the registrations of each case run: the core's functions, and drivers' own."""
        found = []
        for case in self.cases:
            called = {*case.window.reach.functions()}
            for registration in case.registrations:
                called.update(c.function for c in case.window.callbacks(registration))
            found.append((case, frozenset((f.path, f.name) for f in called)))
        return found

    @cached_property
    def _core(self) -> frozenset[Function]:
        """What registrations run on the way to drivers' callbacks."""
        return frozenset(f for case in self.cases for f in case.window.reach.functions())

    def _nearest(self, altered: Sequence[Implementation]) -> Sequence[Implementation]:
        """Those to look for drivers from, of a large change the ones that registrations reach."""
        if len(altered) <= MOST_ALTERED:
            return altered
        reached = {
            (function.path, function.name)
            for case in self.cases
            for function in case.window.reach.functions()
        }
        ranked = sorted(altered, key=lambda place: (place.path, place.function) not in reached)
        return ranked[:MOST_ALTERED]

    def _functions(self, changed: Iterable[Implementation]) -> Iterator[Function]:
        for place in changed:
            yield from self.program.named(place.path, place.function)

    def _registering(self, altered: Iterable[Implementation]) -> Iterator[Link]:
        """The drivers whose registration reaches a changed function."""
        places = {(place.path, place.function) for place in altered}
        for case in self.cases:
            reach = case.window.reach
            ways = [
                (case.window.root.name, *(edge.callee.name for edge in reach.way(function)))
                for function in reach.functions()
                if (function.path, function.name) in places
            ]
            for way in sorted(ways, key=len)[:1]:
                for registration in case.registrations:
                    place = registration.function
                    yield Link(len(way), place.path, (place.name, *way))


def _runs(case: Case, called: frozenset[tuple[str, str]], link: Link) -> bool:
    """The registrations of `case`, which run what is `called`, run the whole of `link`."""
    first, *others = link.functions
    if (link.path, first) in called or others[:1] == [case.window.root.name]:
        return True
    names = {name for _, name in called}
    return (link.path, link.functions[-1]) in called and names.issuperset(link.functions)


def names_above(
    program: Program, catalogue: Catalogue, altered: Iterable[Implementation]
) -> list[str]:
    """What callers of `altered` in other files name: the first words that are looked for."""
    above = Reaching(program, catalogue)
    for _ in above.begin(tuple(altered)[:MOST_ALTERED]):
        pass
    return above.names


def search_ahead(tree: Tree, words: Sequence[str]) -> None:
    """One search for `words`, which the tree then knows."""
    if words and isinstance(tree, WordTree):
        tree.files_by_word(words, suffixes=(".c",))
