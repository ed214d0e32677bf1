# SPDX-License-Identifier: GPL-2.0-only
"""``kscan hits``: which hardware a driver runs on, and whom to ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from kscan.hits import kbuild, who
from kscan.hits.get_maintainer import maintainers
from kscan.model import Hits, Maintainer
from kscan.source.tree import Tree
from kscan.wording import printable

SCHEMA = "kscan/hits/1"

_SHOWN = 3
"""Names on a line before the rest is only counted."""
_PEOPLE = "maintainers"


@dataclass(frozen=True, slots=True)
class HitDriver:
    """One C file and all who depend on it."""

    path: str
    driver: str
    """The object or module it builds into, as ``drivers/iommu/foo-iommu``."""
    hits: Hits
    maintainers: tuple[Maintainer, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of ``kscan hits``."""

    place: str
    """What was asked for: a path, or the name of a function."""
    tree: str
    kernel_version: str
    drivers: tuple[HitDriver, ...]
    """One per file; several where several files define the function."""


def hit_by(tree: Tree, place: str) -> Answer:
    """Who is hit by `place`, a C file or a function; raises `KscanError` where there is none."""
    paths = who.files_of(tree, place)
    for path in paths:
        tree.read(path)  # what cannot be read matches nothing, and looks harmless
    drivers = (
        HitDriver(path, kbuild.driver(tree, path), hits, maintainers(tree, path))
        for path, hits in who.hits_of(tree, paths).items()
    )
    return Answer(place, tree.name, tree.kernel_version(), tuple(drivers))


def as_json(answer: Answer) -> dict[str, Any]:
    """`answer` whole, as plain values: schema ``kscan/hits/1``."""
    return {
        "schema": SCHEMA,
        "place": answer.place,
        "tree": {"name": answer.tree, "kernel_version": answer.kernel_version},
        "drivers": [
            {
                "path": driver.path,
                "driver": driver.driver,
                "hits": {name: list(values) for name, values in asdict(driver.hits).items()},
                "maintainers": [asdict(person) for person in driver.maintainers],
            }
            for driver in answer.drivers
        ],
    }


def as_text(answer: Answer, *, whole: bool = False) -> str:
    """`answer` for a terminal: a line per kind, cut with counts unless `whole`."""
    return "\n".join(_text(driver, whole) for driver in answer.drivers)


def _text(driver: HitDriver, whole: bool) -> str:
    hits = driver.hits
    rows = [
        ("driver", [driver.driver]),
        ("built by", hits.builders or ["no symbol: obj-y, obj-m, or a header"]),
        ("set in", hits.defconfigs),
        ("matches", hits.compatibles),
        ("boards", hits.boards),
        ("clients", hits.clients),
        (_PEOPLE, [_address(person) for person in driver.maintainers]),
    ]
    lines = [driver.path]
    for title, values in rows:
        apart = title == _PEOPLE or whole
        lines += _row(title, values, apart, len(values) if apart else _SHOWN)
    return "".join(printable(line) + "\n" for line in lines)


def _row(title: str, values: Iterable[str], apart: bool, shown: int) -> Iterator[str]:
    values = list(values)
    count = f"{len(values)}: " if len(values) > 1 and not apart else ""
    parts = values if apart else [", ".join(_cut(values, shown))]
    for number, part in enumerate(parts or ["none"]):
        yield f"    {'' if number else title:<12}{count}{part or 'none'}"


def _cut(values: list[str], shown: int) -> list[str]:
    left = len(values) - shown
    return values if left <= 1 else [*values[: shown - 1], f"{values[shown - 1]} (+{left:,} more)"]


def _address(person: Maintainer) -> str:
    mailbox = f"{person.name} <{person.email}>" if person.name else person.email
    return f"{mailbox} ({person.role})"
