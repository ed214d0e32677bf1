# SPDX-License-Identifier: GPL-2.0-only
"""The commands, and how what they run into becomes an exit status and one line."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from kscan import __version__
from kscan.cli import signals, streams
from kscan.model import KscanError
from kscan.wording import printable

COMMANDS = {
    "audit": "audit",
    "baseline": "baseline",
    "bot": "bot",
    "cache": "cache",
    "callees": "callees",
    "callers": "callers",
    "diff": "diff",
    "explain": "explain",
    "facts": "facts",
    "health": "health",
    "hits": "hits",
    "paths": "paths",
    "query": "query",
    "rules": "rules",
    "triage": "triage",
    "window": "window",
}
"""Commands, with the module that has each."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if _module_exists(COMMANDS[name])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None or not _module_exists(module):
            return None
        found: click.Command = import_module(f"kscan.cli.{module}").command
        return found


def _module_exists(name: str) -> bool:
    return Path(__file__).with_name(f"{name}.py").exists()


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="kscan")
def kscan() -> None:
    """Find the drivers that a Linux kernel core change puts at risk."""


def ended() -> int:
    """Runs the command line to its exit status; bad input ends with one clear line and 2."""
    streams.make_usable()
    try:
        status = kscan(standalone_mode=False)
    except click.exceptions.Exit as leaving:
        status = leaving.exit_code
    except click.ClickException as error:
        _refused(error)
        status = 2
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except KscanError as error:
        _complained(str(error))
        status = 2
    except SystemExit as leaving:  # click's: completions, and 1 where a pipe is broken
        status = streams.unheard() if leaving.code == 1 else leaving.code
    except BrokenPipeError:
        status = streams.unheard()
    except OSError as error:
        _complained(streams.told(error))
        status = streams.unheard(2)
    except Exception as error:
        status = signals.status() or _defect(error)
    return status if isinstance(status, int) else 0


def _refused(error: click.ClickException) -> None:
    """Says what click does not take, as all is said; where no command is given, the help."""
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        error.show()
        return
    said = error.format_message().strip().removesuffix(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = f" ({context.command_path} --help)" if context is not None else ""
    _complained(f"{said[:1].lower()}{said[1:]}{where}")


def _complained(text: str) -> None:
    _said(f"kscan: error: {_one_line(text)}")


def _said(line: str) -> None:
    """One line on stderr; where nobody can hear it, the status tells all the same."""
    with suppress(OSError):
        click.echo(line, err=True)


def _defect(error: Exception) -> int:
    """Says that kscan itself is wrong, and nothing of findings; the status to end with."""
    if os.environ.get("KSCAN_TRACEBACK"):
        raise error
    what = _one_line(f"{type(error).__name__}: {error}")
    _said(f"kscan: defect: {what}; KSCAN_TRACEBACK=1 shows where")
    return 2


def _one_line(text: str) -> str:
    """`text` without anything that a terminal would take for a command."""
    return printable(text.replace("\n", " "))
