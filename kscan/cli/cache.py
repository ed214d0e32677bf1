# SPDX-License-Identifier: GPL-2.0-only
"""``kscan cache``: the store of facts."""

from __future__ import annotations

import click

from kscan.cli import trees
from kscan.model import KscanError


@click.group()
def command() -> None:
    """Look at or clear the store of parsed facts and of whole reports."""


@command.command()
def stats() -> None:
    """Say where the store is and how much it holds."""
    store = trees.told_store()
    known = store.stats()
    click.echo(f"{store.path}: {known.entries} entries, {known.bytes / 1e6:.1f} MB")


@command.command()
def clear() -> None:
    """Forget every stored fact and report."""
    from kscan.facts.store import Store  # noqa: PLC0415 - sqlite3

    store = Store()
    store.clear()
    if store.stats().entries or store.warnings:
        why = next(iter(store.warnings), f"cache: {store.path}: another kscan writes it")
        raise KscanError(f"{why}; nothing was cleared: remove it, or set KSCAN_CACHE_DIR")
    click.echo(f"{store.path}: cleared")
