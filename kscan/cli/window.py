# SPDX-License-Identifier: GPL-2.0-only
"""``kscan window``: what runs inside a registration, by which way."""

from __future__ import annotations

from pathlib import Path

import click

from kscan.cli import answers, options, trees


@click.command()
@click.argument("api", default="iommu_device_register", metavar="[API]")
@options.tree_argument
@click.option("--as-is", is_flag=True, help="The tree as it stands: assume no call edge.")
@options.format_option
@options.run_options
def command(
    api: str, tree: str, commit: str | None, as_is: bool, format_: str,
    no_cache: bool, jobs: int | None, catalogues: tuple[Path, ...],
) -> None:  # fmt: skip
    """List the slots and callbacks that run inside a registration.

    API is the registering function, TREE the kernel source. Each slot is shown with its shortest
    path and the kind of every edge; each registration with the functions of its own table.
    """
    from kscan.audit import Audit, Options  # noqa: PLC0415 - not for --help
    from kscan.hazards.listing import WIDTH, listed, rendered  # noqa: PLC0415

    trees.refuse_directory(api, tree, f"window API TREE, as in window iommu_device_register {api}")
    with answers.progress() as progress:
        asked = Options(as_is=as_is, catalogues=catalogues)
        opened = trees.opened(tree, commit)
        audit = Audit(opened, asked, trees.store(no_cache), progress, jobs=jobs, only=api)
        listing = listed(audit.cases[0], audit.info())
    if format_ == "json":
        import json  # noqa: PLC0415 - only here

        click.echo(json.dumps(listing, indent=2))
    else:
        click.echo(rendered(listing, answers.terminal_width() or WIDTH))
