# SPDX-License-Identifier: GPL-2.0-only
"""Options that say what a project has accepted: its baseline and its ``kscan.toml``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kscan.cli import named

if TYPE_CHECKING:
    from kscan.config import Config
    from kscan.model import Impact, Report
    from kscan.source.tree import Tree
    from kscan.triage.baseline import Baseline, View
    from kscan.triage.suppress import Suppressions

_F = TypeVar("_F", bound=Callable[..., Any])


def accepting_options(command: _F) -> _F:
    """``--baseline FILE`` and ``--config FILE``."""
    for add in (
        click.option("--config", type=named.FILE, metavar="FILE",
                     help="Suppressions and policy; else kscan.toml at the top of the tree."),
        click.option("--baseline", type=named.FILE, metavar="FILE",
                     help="Hide the findings that kscan baseline wrote there."),
    ):  # fmt: skip
        command = add(command)
    return command


def spelled(config: Path | None, baseline: Path | None = None) -> tuple[str, ...]:
    """The options that name these files."""
    given = (("--config", config), ("--baseline", baseline))
    return tuple(word for option, file in given if file for word in (option, str(file)))


@dataclass(frozen=True)
class Acceptance:
    """What a project has accepted."""

    config: Config
    name: str
    """What the file of `config` is called."""
    baseline: Baseline | None

    def of_report(self, report: Report, view: View) -> Report:
        """`report`, of what `view` lets one see, with what is accepted hidden or marked."""
        from kscan.triage.accept import accepted_report  # noqa: PLC0415 - after the work

        return accepted_report(report, self._suppressions(), self.baseline, view)

    def of_impact(self, impact: Impact, view: View) -> Impact:
        """`impact`, of what `view` lets one see, with what is accepted hidden or marked."""
        from kscan.triage.accept import accepted_impact  # noqa: PLC0415 - after the work

        return accepted_impact(impact, self._suppressions(), self.baseline, view)

    def _suppressions(self) -> Suppressions:
        from kscan.triage.suppress import Suppressions  # noqa: PLC0415

        return Suppressions(self.config.suppress, name=self.name)


def acceptance(tree: Tree, config: Path | None, baseline: Path | None) -> Acceptance:
    """What the files named accept, else the ``kscan.toml`` of `tree`.

    Of a range `tree` is its base, so that no change accepts its own findings. Raises
    `KscanError` that names the file and the mistake.
    """
    from kscan.config import NAME  # noqa: PLC0415 - not for --help
    from kscan.triage.baseline import read_baseline  # noqa: PLC0415

    accepted = read_baseline(baseline) if baseline is not None else None
    return Acceptance(_config(tree, config), str(config or NAME), accepted)


def _config(tree: Tree, named: Path | None) -> Config:
    from kscan.config import NAME, Config, config_of, read_config  # noqa: PLC0415

    if named is not None:
        return _known(read_config(named), str(named))
    if not tree.exists(NAME):
        return Config()
    name = f"{NAME} of {tree.name}"
    return _known(config_of(tree.read(NAME), name), name)


def _known(config: Config, name: str) -> Config:
    """`config`, which is called `name`; raises `KscanError` where it names an unknown rule."""
    policy = config.policy
    asked = {
        "policy.comment.rules": policy.comment.rules,
        "policy.fail.rules": policy.fail.rules,
        **{f"suppress[{n}].rule": (entry.rule,) for n, entry in enumerate(config.suppress)},
    }
    if any(map(any, asked.values())):
        from kscan.rules import selected  # noqa: PLC0415 - imports every rule

        for key, ids in asked.items():
            selected(tuple(filter(None, ids)), f"{name}: {key}: ")
    return config
