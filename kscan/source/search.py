# SPDX-License-Identifier: GPL-2.0-only
"""What counts as a word and as a function definition when a tree is searched as text.

The patterns mean the same to ``git grep`` (PCRE, one line at a time) and to Python's
``re``, which searches where git is missing or gives up; a test holds them together.
Both see bytes, and a word character is an ASCII letter, digit or underscore.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

DEFINITION_HEAD = r"(?!static\b)(?:[A-Za-z_][\w* \t]*[ \t*])?"
DEFINITION_NAME = r"[A-Za-z_]\w*"
DEFINITION_TAIL = r"(?=[ \t]*\((?!.*;\s*$))"

NOT_FUNCTIONS = frozenset(
    b"if while for switch return sizeof else do case goto typeof defined int void char long "
    b"__attribute__ __printf __scanf __acquires __releases __must_hold __section asm "
    b"MODULE_AUTHOR MODULE_DESCRIPTION MODULE_PARM_DESC MODULE_LICENSE module_init module_exit "
    b"static_assert module_param_named EXPORT_SYMBOL EXPORT_SYMBOL_GPL".split()
)
"""Keywords, annotations and file-scope macros that stand where a function's name could."""

_DEFINITION = re.compile(
    f"^{DEFINITION_HEAD}({DEFINITION_NAME}){DEFINITION_TAIL}".encode(), re.MULTILINE
)
_RECORD = re.compile(rb"([^\0]+)\0([^\n]+)\n")


def word_pattern(words: Sequence[str]) -> re.Pattern[bytes]:
    """Matches any of `words` with no word character on either side."""
    choices = b"|".join(re.escape(word.encode()) for word in sorted(words))
    return re.compile(rb"(?<![A-Za-z0-9_])(?:" + choices + rb")(?![A-Za-z0-9_])")


def defined_names(content: bytes) -> set[bytes]:
    """Names of the functions of external linkage that `content` defines, textually."""
    return {match[1] for match in _DEFINITION.finditer(content)} - NOT_FUNCTIONS


def grep_records(output: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Pairs of path and match in the output of ``git grep -z -o``; paths may hold newlines."""
    for match in _RECORD.finditer(output):
        yield match[1], match[2]


class NameIndex:
    """Name to files, compactly: one integer per name, a tuple only where several files tell."""

    def __init__(self, found: Iterable[tuple[str, Iterable[bytes]]]) -> None:
        self._paths: list[str] = []
        self._files: dict[bytes, int | tuple[int, ...]] = {}
        for path, names in found:
            if not self._paths or self._paths[-1] != path:
                self._paths.append(path)
            self._add(len(self._paths) - 1, names)

    def _add(self, number: int, names: Iterable[bytes]) -> None:
        for name in names:
            known = self._files.setdefault(name, number)
            if known != number:
                several = known if isinstance(known, tuple) else (known,)
                if several[-1] != number:
                    self._files[name] = (*several, number)

    def files(self, name: str) -> tuple[str, ...]:
        """Paths of the files that define `name`, sorted."""
        known = self._files.get(name.encode())
        if known is None:
            return ()
        several = known if isinstance(known, tuple) else (known,)
        return tuple(sorted(self._paths[number] for number in several))

    def __len__(self) -> int:
        return len(self._files)
