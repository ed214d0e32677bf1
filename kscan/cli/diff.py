# SPDX-License-Identifier: GPL-2.0-only
"""``kscan diff``: what a range, a patch or a worktree does to drivers it does not touch."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kscan.cli import accepted, answers, named, options, trees
from kscan.model import Confidence, KscanError

if TYPE_CHECKING:
    from kscan.impact import Options
    from kscan.model import Impact
    from kscan.source.ranges import Range


@click.command()
@click.argument("places", nargs=-1, metavar="[RANGE | OLD_TREE NEW_TREE]")
@click.option(
    "--patch",
    "patches",
    multiple=True,
    metavar="FILE",
    type=named.PLACE,
    help="Put this patch or mbox, - for stdin, on top of the base (repeatable).",
)
@click.option("--worktree", is_flag=True, help="What the files on disk change on top of HEAD.")
@click.option("--repo", default=".", metavar="DIR", type=named.PLACE,
              help="The repository; here unless given.")  # fmt: skip
@click.option(
    "--base", metavar="REV", help="What patches go on: else their base-commit, else HEAD."
)
@click.option(
    "--scenario",
    default="",
    metavar="NAME",
    help="Assume the call edges of this scenario in both trees.",
)
@click.option("--per-commit", is_flag=True, help="Tell which commit introduces and fixes what.")
@options.external_option
@options.finding_options
@accepted.accepting_options
@options.output_options
@options.run_options
@click.pass_context
def command(
    ctx: click.Context, places: tuple[str, ...], patches: tuple[str, ...], worktree: bool,
    repo: str, base: str | None, scenario: str, per_commit: bool, rules: tuple[str, ...],
    under: tuple[str, ...], no_hits: bool, strict: bool, baseline: Path | None,
    config: Path | None, format_: str, output: str | None, min_confidence: str, fail_on: str,
    no_cache: bool, jobs: int | None, catalogues: tuple[Path, ...],
) -> None:  # fmt: skip
    """Tell what a change does to drivers it does not touch.

    RANGE is A..B, A...B or one commit of a repository. OLD_TREE and NEW_TREE are two kernel
    source directories, in git or not. Nothing of them is written. The exit status is 0 where
    nothing introduced is as bad as --fail-on says, 1 where something is, 2 for bad input.
    """
    from kscan import impact as analysis  # noqa: PLC0415 - not for --help
    from kscan.report.verdict import impact_count  # noqa: PLC0415
    from kscan.source.absence import laid_to_absence  # noqa: PLC0415
    from kscan.triage.baseline import View  # noqa: PLC0415

    under = trees.places(under, repo)
    inputs = Inputs(
        places, patches, worktree, repo, base, per_commit,
        accepting=accepted.spelled(config, baseline),
    )  # fmt: skip
    asked = analysis.Options(
        scenario, rules, under, Confidence(min_confidence), catalogues, per_commit, not no_hits
    )
    span = inputs.opened()
    trees.refuse_unknown(span.head, under, span.base)
    acceptance = accepted.acceptance(span.base, config, baseline)
    with answers.progress() as progress:
        diff = analysis.Diff(span, asked, trees.store(no_cache), progress, jobs)
        with laid_to_absence(span.base, span.head):
            impact = diff.impact()
        impact = inputs.repeatable(impact, span, asked, diff.names_anew)
        view = View(rules=rules, under=under, min_confidence=asked.min_confidence)
        impact = acceptance.of_impact(impact, view)
    answers.written(impact, format_, output, min_confidence=Confidence(min_confidence))
    answers.said_skips(impact.skips, format_)
    answers.said(
        f"{impact_count(impact)} in {impact.stats.seconds:.1f} s; "
        f"{len(impact.skips)} skipped{_assumable(impact)}"
    )
    status = answers.status_of(impact.introduced, fail_on)
    ctx.exit(2 if strict and impact.skips else status)


def _assumable(impact: Impact) -> str:
    """What a format of one line a finding has no room for: a scenario would add to the head."""
    is_less = impact.head.scenario == "as-is" and bool(impact.head.scenario_note.strip())
    return "; as the trees stand (--scenario assumes more)" if is_less else ""


@dataclass(frozen=True)
class Inputs:
    """The two states a command line names."""

    places: tuple[str, ...]
    patches: tuple[str, ...]
    worktree: bool
    repo: str
    base: str | None
    per_commit: bool = False
    beside: tuple[str, ...] = field(default_factory=lambda: tuple(map(str, options.external())))
    """What ``--external`` names."""
    accepting: tuple[str, ...] = ()
    """The options that say what is accepted."""
    contents: tuple[tuple[str, bytes], ...] = ()
    """The patches by name, where they are read already: stdin and a pipe give them once."""

    def opened(self) -> Range:
        """The range; raises `KscanError` for what is none."""
        from kscan.source import ranges  # noqa: PLC0415 - not for --help
        from kscan.source.repository import Repository  # noqa: PLC0415

        self._refuse_mixture()
        if self.patches:
            return self._patched()
        if self.worktree:
            return ranges.worktree_range(Repository(self.repo), trees.standing)
        if len(self.places) == 2:
            return self._directories()
        place = self.places[0]
        try:
            return ranges.open_range(Repository(self.repo), place, trees.standing)
        except KscanError as error:
            if Path(place).is_file():
                raise KscanError(f"{place}: a file; kscan diff --patch FILE reads one") from error
            if Path(place).is_dir():
                said = f"{place}: a directory; kscan diff OLD_TREE NEW_TREE compares two"
                raise KscanError(said) from error
            raise

    def _refuse_mixture(self) -> None:
        if self.places == ("",):
            raise KscanError("the name of a range is empty: give A..B, or two directories")
        if self.patches and len(self.places) == 1 and ".." not in self.places[0]:
            place = self.places[0]
            meant = "--repo" if Path(place).is_dir() else "--base"
            raise KscanError(
                f"diff: --patch goes on --base in --repo: {meant} {place} instead of {place}"
            )
        kinds = [bool(self.places), bool(self.patches), self.worktree]
        if sum(kinds) != 1 or len(self.places) > 2:
            raise KscanError(
                "diff: give one of RANGE, OLD_TREE NEW_TREE, --patch FILE and --worktree; "
                "kscan diff --help tells more"
            )
        if self.base is not None and not self.patches:
            raise KscanError("diff: --base is what a --patch goes on; a RANGE names its own")
        if self.per_commit and (self.worktree or len(self.places) == 2):
            what = "--worktree has" if self.worktree else "two directories have"
            raise KscanError(
                f"diff: --per-commit: {what} no commits in between; give a RANGE or a --patch"
            )

    def _patched(self) -> Range:
        from kscan.source import ranges  # noqa: PLC0415
        from kscan.source.open import open_tree  # noqa: PLC0415
        from kscan.source.patches import read_series, series_of  # noqa: PLC0415
        from kscan.source.repository import Repository  # noqa: PLC0415

        series = series_of(self.contents) if self.contents else read_series(self.patches)
        try:
            repository = Repository(self.repo)
        except KscanError:
            if self.base is not None:
                raise
            return ranges.patch_range(trees.standing(open_tree(self.repo)), series)
        base = ranges.base_of(repository, series, self.base)
        return ranges.patch_range(trees.standing(base), series)

    def _directories(self) -> Range:
        from kscan.source import ranges  # noqa: PLC0415
        from kscan.source.open import open_tree  # noqa: PLC0415

        old, new = self.places
        for place in self.places:
            if not (Path(place).exists() or Path(old).exists()):
                raise KscanError(
                    f"{place}: no such directory; two trees are directories, two commits a RANGE: "
                    f"{old}..{new}"
                )
            open_tree(place)
        return ranges.directory_range(old, new, trees.standing)

    def repeatable(self, impact: Impact, span: Range, asked: Options, anew: bool) -> Impact:
        """`impact` with the commands that give it again, and lay its findings open.

        `anew`: the range gives new names to what the catalogue knows.
        """
        head = replace(impact.head, again=self._again(span, asked, anew))
        return replace(impact, head=head, reproduce=self._reproduce(span, asked))

    def elsewhere(self) -> Inputs:
        """The same for readers on other machines: they stand in a repository of their own."""
        names = tuple(Path(patch).name for patch in self.patches)
        beside = tuple(Path(place).name or place for place in self.beside)
        return replace(self, patches=names, repo=".", beside=beside)

    def _again(self, span: Range, asked: Options, anew: bool) -> str:
        place = self.places[1] if len(self.places) == 2 else self.repo
        commit = span.base.commit if self.patches else span.head.commit
        as_is, since = not asked.scenario, self._since(span) if anew else None
        return options.again(
            place, commit and commit[:12], as_is, asked.catalogues, self.patches, self.beside, since
        )

    def _since(self, span: Range) -> str | None:
        """What the range begins with, where that is no patch's base and not beside a worktree."""
        if len(self.places) == 2:
            return self.places[0]
        commits = span.base.commit, span.head.commit
        return commits[0] and commits[0][:12] if all(commits) and not self.patches else None

    def _reproduce(self, span: Range, asked: Options) -> str:
        words = ["kscan", "diff"]
        if asked.scenario:
            words += ["--scenario", asked.scenario]
        words += [word for rule in asked.rules for word in ("--rule", rule)]
        words += [word for place in asked.under for word in ("--path", place)]
        words += ["--per-commit"] if asked.per_commit else []
        words += options.spelled_confidence(asked.min_confidence)
        words += self.accepting
        words += options.spelled_catalogues(asked.catalogues)
        words += options.spelled_external(self.beside)
        words += ["--repo", self.repo] if self.repo != "." and len(self.places) < 2 else []
        if self.patches:
            words += [word for patch in self.patches for word in ("--patch", patch)]
            words += ["--base", span.base.commit] if span.base.commit else []
        elif self.worktree:
            words.append("--worktree")
        elif span.base.commit and span.head.commit:
            words.append(f"{span.base.commit[:12]}..{span.head.commit[:12]}")
        else:
            words += self.places
        return shlex.join(words)
