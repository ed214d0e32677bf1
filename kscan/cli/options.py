# SPDX-License-Identifier: GPL-2.0-only
"""Options that several commands share, and where their answers go."""

from __future__ import annotations

import os
import posixpath
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from kscan.cli import named
from kscan.model import Confidence, KscanError, Severity
from kscan.wording import closest, meant, printable

SKIPS_NAMED = 5
"""Files that were not analysed and are named beside a format that has no room for them."""

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kscan.facts.store import Store
    from kscan.inspection.inspection import Inspection
    from kscan.model import Finding, Impact, Report, Skip
    from kscan.source.tree import Memory, Tree

_F = TypeVar("_F", bound=Callable[..., Any])

FORMATS = ("text", "concise", "json", "sarif", "markdown", "html", "mail", "github")
CONFIDENCES = tuple(c.value for c in Confidence)
SEVERITIES = ("never", *(s.value for s in Severity))


_EXTERNAL = "kscan.external"


def _kept_for_trees(ctx: click.Context, _param: click.Parameter, given: tuple[Path, ...]) -> None:
    """Every tree that the command opens has them beside it."""
    ctx.meta[_EXTERNAL] = given


external_option = click.option(
    "--external", multiple=True, metavar="DIR", type=named.FILE,
    expose_value=False, callback=_kept_for_trees,
    help="Drivers kept out of the tree, as make M=DIR builds them (repeatable).",
)  # fmt: skip


def external() -> tuple[Path, ...]:
    """The directories of ``--external``."""
    context = click.get_current_context(silent=True)
    return tuple(context.meta.get(_EXTERNAL, ())) if context is not None else ()


def spelled_external(places: Sequence[Path | str]) -> list[str]:
    """``--external`` for each of `places`."""
    return [word for place in places for word in ("--external", str(place))]


def standing(tree: Tree) -> Tree:
    """`tree` with what ``--external`` names beside it; raises `KscanError` for what is none."""
    from kscan.source.beside import beside  # noqa: PLC0415 - heavy, and not for --help

    return beside(tree, external())


def tree_argument(command: _F) -> _F:
    """``[TREE] [--commit REV] [--external DIR]``: the tree a command reads."""
    for add in (
        external_option,
        click.option("--commit", metavar="REV", help="Read this commit, not the files on disk."),
        click.argument("tree", default=".", metavar="[TREE]"),
    ):
        command = add(command)
    return command


def output_options(command: _F) -> _F:
    """Format, destination and thresholds of a report."""
    for add in (
        click.option("--fail-on", type=click.Choice(SEVERITIES), default="note",
                     show_default=True, help="Exit 1 at findings this bad, or worse."),
        click.option("--min-confidence", type=click.Choice(CONFIDENCES), default="medium",
                     show_default=True, help="Leave out findings less certain."),
        click.option("-o", "--output", type=named.OUTPUT, metavar="FILE",
                     help="Write the report there; - is stdout."),
        click.option("-f", "--format", "format_", type=click.Choice(FORMATS), default="text",
                     show_default=True, help="How the report is written."),
    ):  # fmt: skip
        command = add(command)
    return command


class _Jobs(click.IntRange):
    """A number of processes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is no number from {self.min} to {self.max}", param, ctx)


JOBS = _Jobs(1, 64)


class _RuleId(click.types.StringParamType):
    """The id of a rule, which a shell may complete; whether there is one is asked later."""

    name = "rule"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Rules whose ids begin so."""
        from kscan.rules import rules  # noqa: PLC0415 - imports every rule

        known = (rule for rule in rules() if rule.id.startswith(incomplete))
        return [CompletionItem(rule.id, help=rule.summary) for rule in known]


RULE = _RuleId()
rule_option = click.option("--rule", "rules", multiple=True, metavar="ID", type=RULE,
                           help="Only this rule (repeatable).")  # fmt: skip


def run_options(command: _F) -> _F:
    """How the work is done."""
    for add in (
        click.option("--no-cache", is_flag=True, help="Neither read nor keep facts."),
        click.option("--jobs", type=JOBS, default=None, metavar="N",
                     help="How many processes may work; one per core unless given. "
                     "The answer is the same."),
        click.option("--catalog", "catalogues", multiple=True, metavar="FILE",
                     type=named.FILE, help="Add contracts from a TOML file (repeatable)."),
    ):  # fmt: skip
        command = add(command)
    return command


def inspection_options(command: _F) -> _F:
    """How a question about a tree is answered, and where its answer is looked for."""
    for add in (
        click.option("--no-cache", is_flag=True, help="Neither read nor keep facts."),
        click.option("--path", "under", multiple=True, metavar="SUBTREE",
                     help="Look only below this directory (repeatable)."),
        click.option("-f", "--format", "format_", type=click.Choice(("text", "json")),
                     default="text", show_default=True, help="How the answer is written."),
    ):  # fmt: skip
        command = add(command)
    return command


def inspected(
    tree: str, commit: str | None, no_cache: bool, under: tuple[str, ...] = ()
) -> Inspection:
    """The tree a command line asks about."""
    from kscan.inspection.inspection import Inspection  # noqa: PLC0415 - not for --help

    asked, under = opened(tree, commit), places(under, tree)
    refuse_unknown(asked, under)
    return Inspection(asked, store(no_cache), under=under)


def answered(document: dict[str, Any], format_: str, as_text: Callable[[], str]) -> None:
    """Writes a document of plain values to stdout."""
    if format_ == "json":
        import json  # noqa: PLC0415 - only here

        click.echo(json.dumps(document, indent=2))
    else:
        shown(as_text())


def shown(text: str) -> None:
    """`text` on stdout; a terminal gets long lines folded."""
    columns = terminal_width()
    if columns is not None:
        from kscan.report.folding import folded_text  # noqa: PLC0415 - for terminals only

        text = folded_text(text, columns)
    click.echo(text, nl=not text.endswith("\n"))


def opened(tree: str, commit: str | None, on_top: Sequence[str] = ()) -> Tree:
    """The tree a command line names, patches on top; raises `KscanError` for what is none."""
    from kscan.source.open import open_tree  # noqa: PLC0415 - heavy, and not for --help

    found = standing(open_tree(tree, commit))
    if not on_top:
        return found
    from kscan.source.patches import read_series  # noqa: PLC0415
    from kscan.source.ranges import patch_range  # noqa: PLC0415

    return patch_range(found, read_series(on_top)).head


def again(
    tree: str,
    commit: str | None,
    as_is: bool,
    catalogues: Sequence[Path],
    on_top: Sequence[str] = (),
    beside: Sequence[str] | None = None,
) -> str:
    """Arguments that make ``kscan explain`` read what was analysed, in the same way.

    `beside` spells what ``--external`` names, for readers who have it elsewhere.
    """
    words = [] if tree == "." else [tree]
    words += ["--commit", commit] if commit else []
    words += spelled_external(external() if beside is None else beside)
    words += [word for patch in on_top for word in ("--on-top", patch)]
    words += ["--as-is"] if as_is else []
    words += spelled_catalogues(catalogues)
    return shlex.join(words)


def spelled_catalogues(catalogues: Sequence[Path]) -> list[str]:
    """The options that name `catalogues`."""
    return [word for path in catalogues for word in ("--catalog", str(path))]


def store(no_cache: bool) -> Memory:
    """The fact store, or none; what is wrong with it is told once the command is done."""
    from kscan.facts.store import NullStore  # noqa: PLC0415 - sqlite3

    return NullStore() if no_cache else told_store()


def told_store() -> Store:
    """The fact store; what is wrong with it is told once the command is done."""
    from kscan.facts.store import Store  # noqa: PLC0415 - sqlite3

    kept = Store()

    def warn() -> None:
        for warning in kept.warnings[:1]:
            said(f"kscan: warning: {warning}")

    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(warn)
    return kept


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A spinner on stderr that says what is being done; silent where nobody watches."""
    if not sys.stderr.isatty() or _is_dumb():
        yield lambda _message: None
        return
    from rich.console import Console  # noqa: PLC0415 - heavy, and for terminals only

    with Console(stderr=True).status("starting") as status:
        yield lambda message: status.update(printable(message).replace("[", r"\["))


def written(document: Report | Impact, format_: str, output: str | None, **options: Any) -> None:
    """Renders `document` and writes it where the user wants it."""
    from kscan.report import render  # noqa: PLC0415 - after the work

    output = None if output == "-" else output
    text = render(format_, document, **{**_look(output), **options})
    if output is None:
        click.echo(text, nl=bool(text) and not text.endswith("\n"))
        return
    from kscan.cli.output import put  # noqa: PLC0415 - after the work

    put(output, text)


def _look(output: str | None) -> dict[str, Any]:
    """Width and colour of the terminal; none of them in a file or a pipe."""
    width = None if output is not None else terminal_width()
    colour = not (os.environ.get("NO_COLOR") or _is_dumb())
    return {} if width is None else {"width": width, "colour": colour}


def _is_dumb() -> bool:
    """The terminal knows no escape sequence."""
    return os.environ.get("TERM") == "dumb"


def terminal_width() -> int | None:
    """Columns of the terminal that stdout is; None where it is none."""
    stream: IO[str] = sys.stdout
    if not stream.isatty():
        return None
    import shutil  # noqa: PLC0415 - for terminals only

    return shutil.get_terminal_size((100, 24)).columns


def said(text: str) -> None:
    """One line on stderr."""
    click.echo(printable(text), err=True)


def refuse_unknown(tree: Tree, under: tuple[str, ...], base: Tree | None = None) -> None:
    """Raises `KscanError` for a directory of which `tree` has no file: a slip would look clean.

    A directory that only `base` has is one that a change removes.
    """
    from kscan.source.tree import is_below  # noqa: PLC0415 - with the tree

    trees = [tree] if base is None else [tree, base]
    for place in under:
        if not any(is_below(path, (place,)) for known in trees for path in known.paths()):
            folders = {path.rpartition("/")[0] for path in tree.paths()}
            near = meant(closest(place, folders)) or "give a path below its top"
            raise KscanError(f"{place}: nothing below it in {tree.name}; {near}")


def below(place: str, tree: str) -> str:
    """`place`, as a shell completes it, as its path below the top of `tree`."""
    if "\0" in place + tree:
        return place
    if not place.startswith("/"):
        here, there = Path(place).exists(), (Path(tree) / place).exists()
        if there or not here:
            return place.removeprefix("./")
        place = str(Path(place).absolute())
    for top in (Path(tree).absolute(), Path(tree).resolve()):
        for spelled in (Path(place), Path(place).resolve()):
            if spelled != top and spelled.is_relative_to(top):
                return spelled.relative_to(top).as_posix()
    return _beside(Path(place).resolve(), tree) or place


def _beside(place: Path, tree: str) -> str:
    """`place` as its path below ``external/``; empty where no directory of ``--external`` has it.

    So it is where they are numbered there, having one name.
    """
    from kscan.source.tree import EXTERNAL  # noqa: PLC0415 - not for --help

    tops = {top.resolve().name: top.resolve() for top in external()}
    if len(tops) < len(external()) or (Path(tree) / EXTERNAL).exists():
        return ""
    held = (one for one in tops.items() if place.is_relative_to(one[1]))
    name, top = next(held, ("", place))
    return (Path(EXTERNAL) / name / place.relative_to(top)).as_posix() if name else ""


def places(given: Sequence[str], tree: str) -> tuple[str, ...]:
    """`below` for each of several, none where one is the top, which has all.

    Raises `KscanError` for one without a name.
    """
    if "" in given:
        raise KscanError("--path: the name is empty: give a directory below the top, or none")
    found = tuple(posixpath.normpath(below(place, tree)) for place in given)
    return () if any(_is_top(place, tree) for place in found) else found


def _is_top(place: str, tree: str) -> bool:
    """`place`, as `below` gives it, is the top of `tree`."""
    if not place.startswith("/") or "\0" in place + tree:
        return place == "."
    return Path(place).resolve() == Path(tree).resolve()


def refuse_directory(place: str, tree: str, usage: str) -> None:
    """Raises `KscanError` where `place` is a directory and no tree is named: a word is missing."""
    if not place:
        raise KscanError(f"a name is empty: {usage}")
    if tree == "." and "\0" not in place and Path(place).is_dir():
        raise KscanError(f"{place}: that is a directory; {usage}")


def status_of(findings: tuple[Finding, ...], fail_on: str) -> int:
    """1 where a finding is as bad as `fail_on` says and nobody accepted it, else 0."""
    if fail_on == "never":
        return 0
    least = Severity(fail_on).rank
    return int(any(f.severity.rank >= least and f.suppressed is None for f in findings))


def said_skips(skips: Sequence[Skip], format_: str, notes: Sequence[str] = ()) -> None:
    """Names what was not analysed where the format has no room for it, the first few; `notes`."""
    if format_ == "concise":
        for skip in skips[:SKIPS_NAMED]:
            said(f"skipped: {skip.path}: {skip.reason}")
        for note in notes:
            said(f"note: {note}")
