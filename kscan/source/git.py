# SPDX-License-Identifier: GPL-2.0-only
"""The one door to git, with everything shut that a hostile repository could open.

Only plumbing that reads is run.  The user's and the system's configuration are not read,
and the repository's own cannot name a program: no hook, fsmonitor, pager, filter, textconv
or external diff is started, nothing is fetched, nobody is asked for a password.  The
repository is named by ``GIT_DIR``, so one that belongs to another user can be read without
``safe.directory``; that is sound because nothing of it runs.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from kscan.model import KscanError

NOWHERE = "/dev/null/no-repository"

_SETTINGS = (
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.alternateRefsCommand=true",
    "core.sshCommand=false",
    "core.quotePath=false",
    "advice.graftFileDeprecated=false",
    "protocol.allow=never",
    "log.showSignature=false",
    "i18n.logOutputEncoding=UTF-8",
    "grep.threads=0",
    "grep.patternType=default",
    "grep.fullName=false",
    "grep.lineNumber=false",
    "grep.column=false",
    "grep.fallbackToNoIndex=false",
    "color.ui=false",
    "submodule.recurse=false",
)


_running: set[subprocess.Popen[bytes]] = set()


class GitFailed(KscanError):
    """A git command that ended with an error; the message is the first line it said."""


def environment(git_dir: Path | str = NOWHERE, worktree: Path | None = None) -> dict[str, str]:
    """The environment git runs in: of the caller's only the absolute entries of ``PATH``."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    variables = {
        "PATH": os.pathsep.join(entry for entry in entries if entry.startswith("/")),
        "HOME": "/dev/null",
        "LC_ALL": "C",
        "GIT_DIR": str(git_dir),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": "/dev/null",
        "GIT_PAGER": "cat",
    }
    return variables | ({"GIT_WORK_TREE": str(worktree)} if worktree else {})


def command(*arguments: str) -> list[str]:
    """A git command line with the safe settings in front."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    return ["git", "--no-pager", *settings, *arguments]


def finished(
    arguments: Sequence[str], where: Path, variables: dict[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Runs git in `where` to its end; raises `KscanError` where there is no git.

    What it says goes to files in memory: a pipe would make it wait for this process, whose
    threads have other work, again and again.
    """
    line = command(*arguments)
    try:
        with (
            _scratch() as output,
            _scratch() as complaint,
            subprocess.Popen(
                line,
                cwd=where,
                env=variables,
                stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                stdout=output,
                stderr=complaint,
            ) as process,
        ):
            _running.add(process)
            try:
                process.communicate(given or None)
            except BaseException:
                process.kill()
                raise
            finally:
                _running.discard(process)
            said = [_all_of(file) for file in (output, complaint)]
        return subprocess.CompletedProcess(line, process.returncode, *said)
    except (OSError, ValueError) as error:
        raise _not_run(error, where) from error


def _not_run(error: OSError | ValueError, where: Path) -> KscanError:
    """Why git did not start in `where`."""
    if isinstance(error, FileNotFoundError):
        return KscanError("git: not found in PATH; install git")
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return KscanError(f"{where}: git cannot be run there: {reason}; give a clone that you may read")


def _scratch() -> IO[bytes]:
    """A file that nobody else sees, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("git"), "w+b", 0)
    return tempfile.TemporaryFile(buffering=0)


def _all_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def stop() -> None:
    """Ends every git that `finished` waits for, in whichever thread."""
    for process in tuple(_running):
        process.kill()


def grep_directory(root: Path, options: Sequence[str], pathspecs: Sequence[str]) -> bytes | None:
    """What ``git grep --no-index -z`` prints over the files below `root`.

    None where it cannot answer for all of them: git or its PCRE is missing, a file or
    directory cannot be read, a pattern gives up.
    """
    line = ["grep", "--no-index", *GREP_PLAINLY, *options, "--", *pathspecs]
    try:
        return grep_output(finished(line, root, environment()))
    except KscanError:
        return None


GREP_PLAINLY = ("--no-textconv", "--no-color", "--no-heading", "--no-break", "-a", "-z")


def grep_output(done: subprocess.CompletedProcess[bytes]) -> bytes | None:
    """What a finished ``git grep`` found; None where it could not look everywhere."""
    return done.stdout if done.returncode in (0, 1) and not done.stderr else None
