# SPDX-License-Identifier: GPL-2.0-only
"""The one door to git, with everything shut that a hostile repository could open.

Only plumbing that reads is run.  The user's and the system's configuration are not read,
the repository's own cannot name a program (hooks, fsmonitor, pager, filters, textconv,
external diff), nothing is fetched and nobody is asked for a password.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

NOWHERE = "/dev/null/no-repository"

_SAFE_CONFIG = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "core.alternateRefsCommand=true",
    "protocol.allow=never",
    "grep.threads=0",
    "grep.patternType=default",
    "grep.fallbackToNoIndex=false",
    "color.ui=false",
)


def safe_environment(git_dir: str = NOWHERE) -> dict[str, str]:
    """The environment git runs in: nothing of the caller's but ``PATH``."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/dev/null",
        "LC_ALL": "C",
        "GIT_DIR": git_dir,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_PAGER": "cat",
        "GIT_PROTOCOL_FROM_USER": "0",
    }


def command(*arguments: str) -> list[str]:
    """A git command line with the safe settings in front."""
    settings = [part for setting in _SAFE_CONFIG for part in ("-c", setting)]
    return ["git", "--no-pager", *settings, *arguments]


def grep_directory(root: Path, options: Sequence[str], globs: Sequence[str]) -> bytes | None:
    """What ``git grep --no-index`` prints over the files below `root`.

    None where it cannot answer for all of them: git or its PCRE is missing, a file or
    directory cannot be read, a pattern gives up.
    """
    line = command("grep", "--no-index", "--no-textconv", "--no-color", "-a", "-z", *options)
    try:
        done = subprocess.run(
            [*line, "--", *globs],
            cwd=root,
            env=safe_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode in (0, 1) and not done.stderr else None
