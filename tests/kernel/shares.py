# SPDX-License-Identifier: GPL-2.0-only
"""The share of a kernel's files that long tests look at."""

from __future__ import annotations

import os
from collections.abc import Iterable
from zlib import crc32

EVERY = int(os.environ.get("KSCAN_EVERY", "192"))
"""One file in so many; 1 is all of them."""


def share(paths: Iterable[str], every: int = EVERY) -> list[str]:
    """One of `every` `paths`, always the same ones, from all over the tree."""
    return [path for path in paths if crc32(path.encode("utf-8", "surrogateescape")) % every == 0]
