# SPDX-License-Identifier: GPL-2.0-only
"""``kscan cache``: the store of facts."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """Look at or clear the store of parsed facts."""


@command.command()
def stats() -> None:
    """Say where the store is and how much it holds."""
    from kscan.facts.store import Store  # noqa: PLC0415 - sqlite3

    store = Store()
    known = store.stats()
    click.echo(f"{store.path}: {known.entries} entries, {known.bytes / 1e6:.1f} MB")


@command.command()
def clear() -> None:
    """Forget every stored fact."""
    from kscan.facts.store import Store  # noqa: PLC0415 - sqlite3

    store = Store()
    store.clear()
    click.echo(f"{store.path}: cleared")
