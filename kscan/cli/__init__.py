# SPDX-License-Identifier: GPL-2.0-only
"""The command line: arguments in, exit status out.

Each command is a module of this package with a click command called ``command``, imported when
it is asked for. Exit status: 0 nothing at or above ``--fail-on``, 1 findings, 2 bad input.
"""

from __future__ import annotations

import gc
import sys

from kscan.cli import signals


def main() -> None:
    """Runs the command line; a signal ends it quietly from here on, the imports included."""
    gc.disable()  # a run is short and makes hardly any cycles
    signals.heed()
    try:
        from kscan.cli.commands import ended  # noqa: PLC0415 - click is heavy: heed comes first

        status = ended()
    except signals.Stopped as stopped:
        status = stopped.status
    gc.freeze()  # or the end of Python goes through every object, for half a second
    sys.exit(status)
