# SPDX-License-Identifier: GPL-2.0-only
"""What counts as a word and as a function definition when source is searched as text.

``git grep`` searches where it can; Python's ``re`` where git or its PCRE is missing or
gives up.  Both see bytes, line by line, a word character is an ASCII letter, digit or
underscore, and both give the same answer: a test holds them together.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from mmap import mmap
from os.path import commonprefix

Text = bytes | mmap

_ANNOTATION = (
    r"(?:(?:[A-Za-z_][\w* \t]*[ \t*])?"
    r"__(?:attribute|attribute__|printf|scanf|section|aligned)[ \t]*\(+[^()\n]*\)+[ \t]*)?"
)
_TYPE = r"(?:[A-Za-z_*][\w* \t]*[ \t*]|\*)?"
_ANY_HEAD = rf"(?=[A-Za-z_*]){_ANNOTATION}{_TYPE}"
_HEAD = rf"(?!static\b){_ANY_HEAD}"
_NAME = r"[A-Za-z_]\w*"
_TAIL = r"(?=[ \t]*\((?![^\n]*;[ \t\r\f]*(?:/[*/][^\n]*)?$))"

GREP_DEFINITION = rf"^{_HEAD}\K{_NAME}{_TAIL}"
_DEFINITION = re.compile(f"^{_HEAD}({_NAME}){_TAIL}".encode(), re.MULTILINE)
_ANY_DEFINITION = re.compile(f"^{_ANY_HEAD}({_NAME}){_TAIL}".encode(), re.MULTILINE)
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]+")
_NEVER = frozenset("\0\n")
_FEW = 20
"""Words up to which looking for each is faster than a pattern for all."""
_TELLING = 5
"""Length from which on a beginning that three names share is worth the other lines that have it."""
RECORD = re.compile(rb"([^\0]+)\0([^\n]+)\n")
"""Path and match, or line, as ``git grep -z`` prints them; a path may hold newlines."""

NOT_FUNCTIONS = frozenset(
    b"if while for switch return sizeof else do case goto typeof defined int void char long "
    b"__attribute __attribute__ __printf __scanf __section __aligned "
    b"__acquires __releases __must_hold asm "
    b"MODULE_AUTHOR MODULE_DESCRIPTION MODULE_PARM_DESC MODULE_LICENSE module_init module_exit "
    b"static_assert module_param_named EXPORT_SYMBOL EXPORT_SYMBOL_GPL".split()
)
"""Keywords, annotations and file-scope macros that stand where a function's name could."""

WAY = (2, GREP_DEFINITION, *sorted(NOT_FUNCTIONS))
"""What an answer depends on besides the source; a kept answer to another way is not used."""


def is_identifier(word: str) -> bool:
    """`word` is made of word characters alone."""
    return is_searchable(word) and _IDENTIFIER.fullmatch(word) is not None


def is_searchable(word: str) -> bool:
    """`word` can stand in a line of source; no name in the kernel has 200 characters."""
    return 0 < len(word) <= 200 and not _NEVER.intersection(word)


def any_of(words: Iterable[str]) -> str:
    """A pattern that matches each of `words`, their common beginnings drawn together.

    So a thousand names of the kernel, which begin alike, cost what ten do.
    """
    groups: dict[str, list[str]] = {}
    for word in sorted(set(words)):
        groups.setdefault(word[:1], []).append(word)
    ends = groups.pop("", None)
    choices = [_drawn_together(group) for group in groups.values()]
    return f"(?:{'|'.join(choices)}){'?' if ends else ''}" if choices else ""


def _drawn_together(words: list[str]) -> str:
    """A pattern for words that begin with the same character."""
    start = commonprefix(words)  # noqa: RUF071  characters are meant, not folders
    return re.escape(start) + any_of(word[len(start) :] for word in words)


def grep_words(words: Sequence[str]) -> list[str]:
    """Options of ``git grep`` for any of `words` as a whole word."""
    if len(words) <= _FEW:
        return ["-w", *grep_strings(words)]
    return ["-w", "-P", "-e", any_of(words)]


def grep_strings(strings: Sequence[str]) -> list[str]:
    """Options of ``git grep`` for any of `strings`."""
    return ["-F", *(part for string in strings for part in ("-e", string))]


def strings_for(words: Sequence[str]) -> list[str]:
    """Strings of which each of `words` contains one, where they are few; else none.

    Names of one subsystem begin alike, and a name may be part of another.  Each string takes
    its time, and telling the words in the lines found takes next to none.
    """
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[: word.find("_") + 1], []).append(word)
    strings = {
        string
        for start, group in groups.items()
        for string in ([start] if len(start) >= _TELLING and len(group) > 2 else group)
    }
    least = sorted(s for s in strings if not any(other in s for other in strings - {s}))
    return least if len(least) <= min(_FEW, len(words) // 2) else []


class WordSearch:
    """Looks for any of some words, with no word character on either side."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted({os.fsencode(word) for word in words})
        choices = os.fsencode(any_of({os.fsdecode(word) for word in self._words}))
        self._pattern = re.compile(rb"(?<![A-Za-z0-9_])(?:" + choices + rb")(?![A-Za-z0-9_])")

    def _may_find_in(self, text: Text) -> bool:
        """Far faster than the pattern where there are few words."""
        return len(self._words) > _FEW or any(text.find(word) >= 0 for word in self._words)

    def finds_one_in(self, text: Text) -> bool:
        """`text` contains one of the words."""
        return self._may_find_in(text) and self._pattern.search(text) is not None

    def words_in(self, text: Text) -> set[bytes]:
        """Those of the words, which are identifiers, that `text` contains."""
        if not self._may_find_in(text):
            return set()
        return {match[0] for match in self._pattern.finditer(text)}


def defined_names(text: Text) -> set[bytes]:
    """Names of the functions of external linkage that `text` defines, as far as text tells."""
    return {match[1] for match in _DEFINITION.finditer(text)} - NOT_FUNCTIONS


def functions_around(text: bytes, word: bytes) -> set[bytes]:
    """Names of the functions of external linkage in whose body `word` stands, as text tells."""
    found: set[bytes] = set()
    at = text.find(word)
    while at >= 0:
        body = text.rfind(b"\n{", 0, at)
        if body >= 0 and text.find(b"\n}", body, at) < 0:
            head = text[text.rfind(b"\n\n", 0, body) + 1 : body]
            found.update(match[1] for match in _DEFINITION.finditer(head))
        at = text.find(word, at + len(word))
    return found - NOT_FUNCTIONS


def is_only_stored(text: Text, word: bytes) -> bool:
    """`text` has `word` as a value that is stored, and as nothing else: it calls no such function.

    ``.probe = word,`` is what most files with tables say of a function of another file.
    """
    name = rb"(?<![A-Za-z0-9_.])(?<!->)" + re.escape(word) + rb"(?![A-Za-z0-9_])"
    pattern = rb"(=\s*+)?" + name + rb"(\s*+[,;}])?"
    return all(match[1] and match[2] for match in re.finditer(pattern, text))


def functions_named(text: Text) -> set[bytes]:
    """Names of the functions that `text` defines, static ones too, as far as text tells."""
    return {match[1] for match in _ANY_DEFINITION.finditer(text)} - NOT_FUNCTIONS


def grep_matches(output: bytes, prefix: int) -> Iterator[tuple[str, bytes]]:
    """Path and match, or line, in the order found, from ``git grep -z``; paths may hold newlines.

    `prefix` bytes before each path are left out.
    """
    last, path = b"", ""
    for match in RECORD.finditer(output):
        if match[1] != last:
            last = match[1]
            path = os.fsdecode(last[prefix:])
        yield path, match[2]


class NameIndex:
    """Name to files, compactly: one integer per name, a tuple only where several files tell."""

    def __init__(self, paths: list[str], numbers: dict[bytes, int | tuple[int, ...]]) -> None:
        self._paths = paths
        self._numbers = numbers

    @classmethod
    def of(cls, found: Iterable[tuple[str, Iterable[bytes]]]) -> NameIndex:
        """The index of names that stand together with their paths."""
        paths: list[str] = []
        numbers: dict[bytes, int | tuple[int, ...]] = {}
        number = -1  # one object for all the names of a file
        for path, names in found:
            if not paths or paths[-1] != path:
                number += 1
                paths.append(path)
            for name in names:
                known = numbers.setdefault(name, number)
                if known != number:
                    several = known if isinstance(known, tuple) else (known,)
                    if several[-1] != number:
                        numbers[name] = (*several, number)
        return cls(paths, numbers)

    def files(self, name: str) -> tuple[str, ...]:
        """Paths of the files that define `name`, sorted."""
        known = self._numbers.get(os.fsencode(name))
        if known is None:
            return ()
        several = known if isinstance(known, tuple) else (known,)
        return tuple(sorted(self._paths[number] for number in several))

    def names(self) -> Iterator[str]:
        """The names."""
        return map(os.fsdecode, self._numbers)

    def __bytes__(self) -> bytes:
        """What `from_bytes` reads: paths, names of one file, its number each, the others."""
        one = {name: n for name, n in self._numbers.items() if isinstance(n, int)}
        many = [(name, n) for name, n in self._numbers.items() if isinstance(n, tuple)]
        parts = (
            b"\0".join(os.fsencode(path) for path in self._paths),
            b"\n".join(one),
            array("I", one.values()).tobytes(),
            b"\n".join(b" ".join([name, *(b"%d" % n for n in ns)]) for name, ns in many),
        )
        return b"".join(len(part).to_bytes(8, "big") + part for part in parts)

    @classmethod
    def from_bytes(cls, stored: bytes) -> NameIndex:
        """The index that was stored; raises `ValueError` for anything else."""
        parts = []
        while stored:
            end = 8 + int.from_bytes(stored[:8], "big")
            parts.append(stored[8:end])
            stored = stored[end:]
        paths, names, counted, many = parts
        single = array("I")
        single.frombytes(counted)
        numbers: dict[bytes, int | tuple[int, ...]] = {}
        numbers.update(zip(names.split(b"\n") if names else (), single.tolist(), strict=True))
        for line in many.split(b"\n") if many else ():
            name, *several = line.split(b" ")
            numbers[name] = tuple(int(number) for number in several)
        return cls([os.fsdecode(path) for path in paths.split(b"\0")] if paths else [], numbers)


_GLOB_CHARACTERS = str.maketrans({character: "\\" + character for character in "\\*?["})


def pathspecs(suffixes: Sequence[str], under: Sequence[str]) -> list[str]:
    """Git's words for: files that end in one of `suffixes`, below one of `under`."""
    tops = [top.strip("/").translate(_GLOB_CHARACTERS) for top in under] or [""]
    return [
        f":(glob){top}{'/' if top else ''}**/*{suffix.translate(_GLOB_CHARACTERS)}"
        for top in tops
        for suffix in suffixes
    ]


class FoundWords:
    """Which files of a tree contain which words, by file suffix, as far as it was asked."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], tuple[str, ...]] = {}

    def unknown(self, words: Iterable[str], suffixes: Sequence[str]) -> list[str]:
        """Those of `words` that were not looked for in files of all of `suffixes`."""
        files = self._files
        return sorted(w for w in set(words) if any((s, w) not in files for s in suffixes))

    def learn(
        self,
        words: Iterable[str],
        suffixes: Sequence[str],
        found: Iterable[tuple[str, Iterable[bytes]]],
    ) -> None:
        """Takes note of where `words` stand, and that they stand nowhere else."""
        files: dict[tuple[str, str], dict[str, None]] = {
            (suffix, word): {} for word in words for suffix in suffixes
        }
        for path, names in found:
            for suffix in suffixes:
                if path.endswith(suffix):
                    for name in names:
                        files[suffix, name.decode()][path] = None
        for (suffix, word), paths in files.items():
            self.recall(suffix, word, sorted(paths))

    def recall(self, suffix: str, word: str, files: Iterable[str]) -> None:
        """Takes note of all the files with `suffix` that contain `word`."""
        self._files[suffix, word] = tuple(files)

    def files(self, word: str, suffixes: Sequence[str]) -> Sequence[str]:
        """Files with one of `suffixes` that contain `word`, which is known; sorted."""
        return sorted({path for suffix in suffixes for path in self._files[suffix, word]})
