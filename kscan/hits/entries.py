# SPDX-License-Identifier: GPL-2.0-only
"""What Kconfig files say of their symbols, read as text; no macro or shell of theirs is run.

Rests on ``Documentation/kbuild/kconfig-language.rst``: definitions with their prompts, defaults,
dependencies and selects, and the ``if``, ``menu`` and ``choice`` around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LINE = re.compile(
    r"[ \t]*+(menuconfig|config|choice|menu|if|endif|endmenu|endchoice|depends on|select|imply|help"
    r"|prompt|default|def_bool|def_tristate|bool|tristate|int|hex|string)\b[ \t]*+([^\n]*+)"
)
_BLOCKS = {"menu": "endmenu", "choice": "endchoice", "if": "endif"}
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
_CONTINUED = re.compile(r"\\\r?\n")
# A quotation that nothing closes reaches to the end, or looking for the next takes the square.
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.)*+'?")
_UNDER = re.compile(r"(?:^|[ \t])if[ \t]")
# A newline is looked for some three times as fast as the beginning of a line.
_DEFINES = re.compile(rb"\n[ \t]*+(?:menu)?config[ \t]++(\w++)")
_SELECTS = re.compile(rb"\n[ \t]*+(?:select|imply)[ \t]++(\w++)")


@dataclass
class Entry:
    """One definition of a symbol; an empty condition always holds."""

    symbol: str
    around: list[list[str]]
    """What all the blocks around it depend on."""
    depends: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    """The condition of each prompt, and of a value that is no yes or no."""
    defaults: list[tuple[str, str]] = field(default_factory=list)
    """Value and condition of each default."""
    selects: list[tuple[str, str]] = field(default_factory=list)
    """Each symbol that is set with this one, and the condition."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """All that must hold for the symbol to be set other than by ``select``."""
        return (*(condition for block in self.around for condition in block), *self.depends)


def symbols_in(text: bytes) -> tuple[frozenset[str], frozenset[str]]:
    """The symbols that a Kconfig file seems to define, and those that it seems to select."""
    return _names(_DEFINES, text), _names(_SELECTS, text)


def entries_in(text: str) -> tuple[Entry, ...]:
    """The definitions of one Kconfig file."""
    found: list[Entry] = []
    blocks: list[list[str]] = []
    depends: list[str] = []
    entry: Entry | None = None
    for word, rest in _statements(_CONTINUED.sub(" ", text)):
        if word in ("config", "menuconfig"):
            entry = Entry(rest, list(blocks))
            depends = entry.depends
            found.append(entry)
        elif word in _BLOCKS:
            entry, depends = None, [rest] if word == "if" else []
            blocks.append(depends)
        elif word in _BLOCKS.values():
            entry, depends = None, []
            del blocks[-1:]
        elif word == "depends on":
            depends.append(rest)
        elif entry is not None:
            _note(entry, word, rest)
    return tuple(found)


def _note(entry: Entry, word: str, rest: str) -> None:
    """Adds an attribute to `entry`."""
    what, _, condition = (part.strip() for part in _parted(rest))
    if word in ("select", "imply"):
        entry.selects.append((what, condition))
    elif word in ("default", "def_bool", "def_tristate"):
        entry.defaults.append((what, condition))
    elif what or word in ("int", "hex", "string"):
        entry.prompts.append(condition)


def _parted(rest: str) -> tuple[str, str, str]:
    """What stands before ``if``, outside of quotes, and after it; a quoted text becomes ``y``."""
    plain = _QUOTED.sub("y", rest)
    under = _UNDER.search(plain)
    return (plain[: under.start()], "if", plain[under.end() :]) if under else (plain, "", "")


def _statements(text: str) -> Iterator[tuple[str, str]]:
    """The lines that matter: their first word and the rest, help texts and comments left out."""
    helped: int | None = None  # how far a help text is indented; 0 before its first line
    for line in text.split("\n"):
        wide = line.expandtabs()
        indented = len(wide) - len(wide.lstrip())
        if not wide.strip():
            continue
        if helped is not None and indented and indented >= helped:
            helped = helped or indented
            continue
        helped = None
        statement = _LINE.match(line)
        if statement is None:
            continue
        if statement[1] == "help":
            helped = 0
        else:
            yield statement[1], _COMMENT.sub("", statement[2]).strip()


def _names(pattern: re.Pattern[bytes], text: bytes) -> frozenset[str]:
    return frozenset(name.decode() for name in pattern.findall(b"\n" + text))
