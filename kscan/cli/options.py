# SPDX-License-Identifier: GPL-2.0-only
"""Options that several commands share, and how to spell them again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from kscan.cli import named
from kscan.model import Confidence, Severity

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


def finding_options(command: _F) -> _F:
    """Which findings are looked for, and whether all must have been looked at."""
    for add in (
        click.option("--strict", is_flag=True, help="Exit 2 when anything was not analysed."),
        click.option("--no-hits", is_flag=True,
                     help="Leave out which hardware is hit and whom to ask."),
        click.option("--path", "under", multiple=True, metavar="SUBTREE",
                     help="Only findings below this directory (repeatable)."),
        click.option("--rule", "rules", multiple=True, metavar="ID", type=RULE,
                     help="Only this rule (repeatable)."),
    ):  # fmt: skip
        command = add(command)
    return command


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


format_option = click.option("-f", "--format", "format_", type=click.Choice(("text", "json")),
                             default="text", show_default=True,
                             help="How the answer is written.")  # fmt: skip


def inspection_options(command: _F) -> _F:
    """How a question about a tree is answered, and where its answer is looked for."""
    for add in (
        click.option("--no-cache", is_flag=True, help="Neither read nor keep facts."),
        click.option("--path", "under", multiple=True, metavar="SUBTREE",
                     help="Look only below this directory (repeatable)."),
        format_option,
    ):  # fmt: skip
        command = add(command)
    return command


def again(
    tree: str,
    commit: str | None,
    as_is: bool,
    catalogues: Sequence[Path],
    on_top: Sequence[str] = (),
    beside: Sequence[str] | None = None,
    since: str | None = None,
) -> str:
    """Arguments that make ``kscan explain`` read what was analysed, in the same way.

    With `since`, what a range begins with, it reads the names that the range gives anew.
    `beside` spells what ``--external`` names, for readers who have it elsewhere.
    """
    words = [] if tree == "." else [tree]
    words += ["--commit", commit] if commit else []
    words += ["--since", since] if since else []
    words += spelled_external(external() if beside is None else beside)
    words += [word for patch in on_top for word in ("--on-top", patch)]
    words += ["--as-is"] if as_is else []
    words += spelled_catalogues(catalogues)
    return shlex.join(words)


def spelled_confidence(least: Confidence) -> list[str]:
    """``--min-confidence``, where it is not what it is unless given."""
    return [] if least is Confidence.MEDIUM else ["--min-confidence", least.value]


def spelled_catalogues(catalogues: Sequence[Path]) -> list[str]:
    """The options that name `catalogues`."""
    return [word for path in catalogues for word in ("--catalog", str(path))]
