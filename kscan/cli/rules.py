# SPDX-License-Identifier: GPL-2.0-only
"""``kscan rules``: the hazards kscan knows."""

from __future__ import annotations

import click

from kscan.cli import answers


@click.command()
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json", "markdown")),
              default="text", show_default=True, help="How the list is written.")  # fmt: skip
def command(format_: str) -> None:
    """List the rules."""
    from kscan.rules import rules  # noqa: PLC0415 - not for --help

    if format_ == "json":
        import json  # noqa: PLC0415 - only here

        rows = [{"id": r.id, "severity": r.severity, "summary": r.summary} for r in rules()]
        click.echo(json.dumps({"schema": "kscan/rules/1", "rules": rows}, indent=2))
        return
    if format_ == "markdown":
        click.echo("| rule | severity | finds |\n|---|---|---|")
        for rule in rules():
            click.echo(f"| `{rule.id}` | {rule.severity} | {rule.summary} |")
        return
    for rule in rules():
        answers.shown(f"{rule.id:28} {rule.severity:8} {rule.summary}")
