# SPDX-License-Identifier: GPL-2.0-only
"""Who is hit by what a C file does: the configurations, the firmware, the boards.

Everything is read from the tree when asked, in one walk for however many files; nothing of it
is run, and nothing is kept afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from kscan.hits import firmware, kbuild
from kscan.hits.boards import Board, Boards
from kscan.hits.kconfig import Defconfigs
from kscan.model import Hits, KscanError
from kscan.source.near import defined_near
from kscan.source.tree import C_SUFFIXES, Tree, Unreadable, no_file
from kscan.syntax import dialect, parser, queries
from kscan.wording import closest, meant


def hits(tree: Tree, place: str) -> Hits:
    """Who is hit by `place`: a C file, or a function that some C file defines.

    Raises `KscanError` where the tree has neither.
    """
    answers = hits_of(tree, files_of(tree, place)).values()
    return Hits(
        *(
            tuple(dict.fromkeys(name for answer in answers for name in getattr(answer, field)))
            for field in ("config", "defconfigs", "compatibles", "boards", "clients", "unbuilt")
        )
    )


def hits_of(
    tree: Tree, paths: Iterable[str], jobs: int | None = None, alone: Collection[str] = ()
) -> dict[str, Hits]:
    """Who is hit by each of the C files `paths`, in one walk; `jobs` processes share it.

    What those in `alone` are matched by, no other file of the object says.
    """
    paths = tuple(dict.fromkeys(paths))
    matched = {path: firmware.matches(tree, path, alone=path in alone) for path in paths}
    wanted = {path: names.compatibles for path, names in matched.items()}
    boards = boards_of(tree, wanted, jobs)
    defconfigs = Defconfigs(tree)
    found: dict[str, Hits] = {}
    for path in paths:
        ways = kbuild.builds(tree, path)
        clients = sorted({str(client) for board in boards[path] for client in board.clients})
        found[path] = Hits(
            config=kbuild.symbols(ways),
            defconfigs=defconfigs.that_build(ways),
            compatibles=matched[path].names(),
            boards=tuple(str(board) for board in boards[path]),
            clients=tuple(clients),
            unbuilt=() if ways or not path.endswith(".c") else (f"{path[:-2]}.o",),
        )
    return found


def boards_of(
    tree: Tree, compatibles: Mapping[str, Iterable[str]], jobs: int | None = None
) -> dict[str, tuple[Board, ...]]:
    """The boards of each driver in `compatibles`, which gives what it is matched by."""
    return Boards(tree, jobs).using({key: frozenset(names) for key, names in compatibles.items()})


def files_of(tree: Tree, place: str) -> tuple[str, ...]:
    """The C files that `place` names: itself, or those that define the function.

    Raises `KscanError` where there is none.
    """
    path = place.removeprefix("./")
    if tree.exists(path) and not path.endswith(C_SUFFIXES):
        raise KscanError(f"{place}: no C file; give one of {tree.name}, or a function")
    if tree.exists(path):
        return (path,)
    if not place.isidentifier():
        raise no_file(tree, place)
    found = tuple(
        path for path in tree.files_with([place], suffixes=(".c",)) if _defines(tree, path, place)
    )
    if not found:
        near = meant(closest(place, defined_near(tree, place))) or "give a file instead"
        raise KscanError(f"{place}: no C file of {tree.name} defines it: {near}")
    return found


def _defines(tree: Tree, path: str, function: str) -> bool:
    try:
        root = parser.parse(dialect.respell(tree.read(path)).text).root_node
    except (Unreadable, parser.Unparsable):
        return False
    names = queries.captures("facts/functions", root).get("name", ())
    return any(name.text == function.encode() for name in names)
