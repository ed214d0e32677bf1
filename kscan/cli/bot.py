# SPDX-License-Identifier: GPL-2.0-only
"""``kscan bot``: the verdict on a change, brought to where the change is discussed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kscan.cli import accepted, answers, named, options, trees
from kscan.cli.diff import Inputs
from kscan.model import KscanError

if TYPE_CHECKING:
    from kscan.bot.pipeline import Pipeline
    from kscan.bot.policy import Judgement

_F = TypeVar("_F", bound=Callable[..., Any])


@click.group()
def command() -> None:
    """Say what a change does to drivers, once, where it is discussed.

    What is said and what fails stands in the policy of kscan.toml, which is read from the
    commit that the change starts from. Exit status: 0 the policy lets the change pass, 1 it
    does not, 2 bad input; nipa warns with 250.
    """


@dataclass(frozen=True)
class _Asked:
    """What every subcommand is asked."""

    repo: str
    config: Path | None
    scenario: str
    no_cache: bool
    jobs: int | None
    catalogues: tuple[Path, ...]

    def judged(self, inputs: Inputs, fetch: bool = False, by_patch: bool = False) -> Judgement:
        """What a change does, under the policy; `fetch` the commit first to see the same.

        `by_patch` tells which patch of a series introduces what.
        """
        from kscan.bot.policy import judged, least_confidence  # noqa: PLC0415 - not for --help
        from kscan.impact import Diff, Options  # noqa: PLC0415
        from kscan.source.absence import laid_to_absence  # noqa: PLC0415
        from kscan.triage.baseline import View  # noqa: PLC0415

        span = inputs.opened()
        accepts = accepted.acceptance(span.base, self.config, None)
        policy = accepts.config.policy
        least = least_confidence(policy)
        asked = Options(
            self.scenario, min_confidence=least, catalogues=self.catalogues,
            per_commit=by_patch and len(span.commits) > 1,
        )  # fmt: skip
        with answers.progress() as progress:
            diff = Diff(span, asked, trees.store(self.no_cache), progress, self.jobs)
            with laid_to_absence(span.base, span.head):
                impact = diff.impact()
            impact = accepts.of_impact(impact, View(min_confidence=least))
        named = tuple(map(_elsewhere, self.catalogues))
        asked = replace(asked, catalogues=named)  # for readers on other machines
        config = accepted.spelled(self.config and _elsewhere(self.config))
        there = replace(inputs.elsewhere(), accepting=config)
        impact = there.repeatable(impact, span, asked, diff.names_anew)
        if fetch and span.head.commit:
            fetched = f"git fetch origin {span.head.commit} && {impact.reproduce}"
            impact = replace(impact, reproduce=fetched)
        return judged(impact, policy)

    def inputs(self, span: str) -> Inputs:
        """A range, as ``kscan diff`` takes it."""
        return Inputs((span,), (), False, self.repo, None)


def _elsewhere(file: Path) -> Path:
    """How readers on other machines may call `file`."""
    return Path(file.name) if file.is_absolute() else file


def _shared(command: _F) -> _F:
    """Options of every subcommand."""
    for add in (
        options.run_options,
        options.external_option,
        click.option("--config", type=named.FILE, metavar="FILE",
                     help="Policy and suppressions, instead of kscan.toml of the base."),
        click.option("--scenario", default="", metavar="NAME",
                     help="Assume the call edges of this scenario in both trees."),
        click.option("--repo", default=".", metavar="DIR", type=named.PLACE,
                     help="The repository; the current directory unless given."),
    ):  # fmt: skip
        command = add(command)
    return command


def _forge(command: _F) -> _F:
    """Options of the subcommands that comment on a request."""
    for add in (
        _shared,
        click.option("--dry-run", is_flag=True, help="Print the comment; write and ask nothing."),
        click.option("--key", default="kscan", show_default=True, metavar="NAME",
                     help="Tells this comment from that of another kscan job."),
        click.option("--range", "spec", metavar="A..B",
                     help="Look at this range, not at what the pipeline says."),
    ):  # fmt: skip
        command = add(command)
    return command


@command.command()
@_forge
@click.pass_context
def github(ctx: click.Context, /, **given: Any) -> None:
    """Comment on a GitHub pull request, from a workflow run.

    Reads GITHUB_EVENT_PATH and the other variables of a run; the token comes from KSCAN_TOKEN,
    GITHUB_TOKEN or GH_TOKEN. Keeps one comment, and updates it.
    """
    from kscan.bot import github as forge  # noqa: PLC0415 - not for --help

    ctx.exit(_commented(forge, **given))


@command.command()
@_forge
@click.pass_context
def gitlab(ctx: click.Context, /, **given: Any) -> None:
    """Comment on a GitLab merge request, from its pipeline.

    Reads the CI_MERGE_REQUEST variables; the token, of a project access token with the scope
    api, comes from KSCAN_TOKEN or GITLAB_TOKEN. Keeps one comment, and updates it.
    """
    from kscan.bot import gitlab as forge  # noqa: PLC0415 - not for --help

    ctx.exit(_commented(forge, **given))


def _commented(forge: Any, spec: str | None, key: str, dry_run: bool, **given: Any) -> int:
    """Looks at the range of a request and settles its comment; the exit status."""
    from kscan.bot import comment, pipeline, policy, post  # noqa: PLC0415 - not for --help
    from kscan.bot.thread import checked_key  # noqa: PLC0415
    from kscan.source.repository import Repository  # noqa: PLC0415

    asked, key = _Asked(**given), checked_key(key)
    request = None if spec and dry_run else forge.read_pipeline(os.environ)
    if request and not dry_run:
        post.refuse_without_token(request)
    span = spec or (pipeline.span(request, Repository(asked.repo)) if request else "HEAD")
    judgement = asked.judged(asked.inputs(span), fetch=request is not None)
    answers.said(f"kscan: {policy.sentence(judgement)}")
    if request is None or dry_run:
        text = comment.text(judgement, forge.LIMIT)
        click.echo(post.disarmed(text, os.environ), nl=False)
    else:
        _post(request, judgement, key)
    return int(judgement.fails)


def _post(request: Pipeline, judgement: Judgement, key: str) -> None:
    """Settles the comment; where that fails, the report goes to the job."""
    from kscan.bot import post, web  # noqa: PLC0415 - not for --help

    try:
        if not request.token:
            raise web.RefusedError("no token")
        outcome = post.posted(request, post.thread_of(request), judgement, key)
    except KscanError as error:
        click.echo(post.shown_in_job(request, judgement, os.environ), nl=False)
        if not (request.is_fork and isinstance(error, web.RefusedError)):
            raise
        answers.said(f"kscan: {post.read_only(request)}")
        return
    answers.said(f"kscan: {request.request}: {outcome}")


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="MBOX...",
                type=named.FILE)  # fmt: skip
@click.option("--from", "sender", envvar="KSCAN_FROM", metavar="WHO",
              help="Who writes, as 'Jo Doe <jo@example.org>'; else KSCAN_FROM, else as git has it "
                   "from GIT_AUTHOR_EMAIL or EMAIL.")  # fmt: skip
@click.option("--base", metavar="REV", help="What the patch is for; its base-commit, else HEAD.")
@click.option("--reported-by", is_flag=True, help="Offer Reported-by and Closes trailers.")
@click.option("--archive", metavar="URL", help="Where Closes points; lore.kernel.org unless given.")
@click.option("--cc-maintainers", is_flag=True, help="Copy to the maintainers of the drivers hit.")
@click.option("--if-any", is_flag=True, help="Write nothing where there is nothing to tell.")
@click.option("-o", "--output", type=named.OUTPUT, metavar="FILE",
              help="Write the message there; - is stdout.")  # fmt: skip
@_shared
@click.pass_context
def mail(
    ctx: click.Context, /, files: tuple[Path, ...], sender: str | None, base: str | None,
    reported_by: bool, archive: str | None, cc_maintainers: bool, if_any: bool,
    output: str | None, **given: Any,
) -> None:  # fmt: skip
    """Write a reply to a patch that came by mail.

    MBOX is the patch or the series, as b4 or git format-patch write it; - is stdin. The reply
    answers the cover letter, or the first patch, and is never sent: pass it to sendmail -t or git
    send-email. It says which patch of a series introduces what, and goes to its author, too.
    """
    from kscan.bot import mail as letters  # noqa: PLC0415 - not for --help
    from kscan.bot.policy import sentence  # noqa: PLC0415
    from kscan.source.patches import bytes_of  # noqa: PLC0415

    contents = tuple((str(file), bytes_of(file)) for file in files)
    wishes = letters.Wishes(
        letters.sender(sender or "", os.environ), letters.now(os.environ), reported_by,
        cc_maintainers, archive or letters.ARCHIVE,
    )  # fmt: skip
    answered = letters.answered(contents)
    asked = _Asked(**given)
    patched = Inputs((), tuple(map(str, files)), False, asked.repo, base, contents=contents)
    judgement = asked.judged(patched, by_patch=True)
    answers.said(f"kscan: {sentence(judgement)}")
    if judgement.speaks or not if_any:
        _written(letters.reply(answered, judgement.impact, wishes), output)
    ctx.exit(int(judgement.fails))


def _written(message: bytes, output: str | None) -> None:
    if output is None or output == "-":
        click.echo(message, nl=False)
        return
    from kscan.cli.output import put  # noqa: PLC0415 - after the work

    put(output, message)


@command.command()
@click.option("--range", "spec", default="HEAD", show_default=True, metavar="A..B",
              help="The commits under test; one commit is taken from its parent.")  # fmt: skip
@_shared
@click.pass_context
def nipa(ctx: click.Context, /, spec: str, **given: Any) -> None:
    """Run as a test of netdev's CI.

    Exit status: 0 pass, 250 warning, 1 failure, 2 bad input. A line that says why goes to the
    descriptor DESC_FD, the report to stdout.
    """
    from kscan.bot import nipa as protocol  # noqa: PLC0415 - not for --help
    from kscan.report import render  # noqa: PLC0415

    try:
        asked = _Asked(**given)
        judgement = asked.judged(asked.inputs(spec))
    except KscanError as error:
        protocol.described(f"kscan: error: {error}", os.environ)
        raise
    click.echo(render("text", judgement.impact), nl=False)
    told = protocol.description(judgement)
    if not protocol.described(told, os.environ):
        answers.said(f"kscan: {told}")
    ctx.exit(protocol.status(judgement))
