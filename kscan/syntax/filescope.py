# SPDX-License-Identifier: GPL-2.0-only
"""Macros at file scope: what defines a function, an object, or is a bare invocation.

Column 0 tells file scope, as kernel style has it.  A head is the words up to the first
parenthesis; how many of them can be a type tells a declaration from a macro invocation:

* no type, then a brace: the macro defines a function named by its first argument
  (``SYSCALL_DEFINE3``, ``include/linux/syscalls.h``; ``BPF_CALL_2``, ``include/linux/filter.h``),
* no type, then a semicolon: an invocation; ``static`` before it becomes blank,
* no type, then neither: an invocation without its semicolon, which is added,
* more words than a type has: the others are annotations.
"""

from __future__ import annotations

import re

from kscan.syntax.annotations import PARENTHESES
from kscan.syntax.declaring import commas
from kscan.syntax.draft import Draft

_FIRST_HEAD = re.compile(
    rb"([A-Za-z_]\w*+(?:[\s*]++\w++){0,30}+[\s*]*+)(" + PARENTHESES + rb")(?=(\s*+)(\W|\w++|\Z))"
)
_HEAD = re.compile(rb"\n" + _FIRST_HEAD.pattern)
_BESIDE = re.compile(rb"(?:\n(?=[ \t]))?+[ \t]++(\w++[ \t]*+" + PARENTHESES + rb")(?!\s*+[;={])")
_SPACE = re.compile(rb"\s*+")
_WORD = re.compile(rb"\w++")
_STORAGE = frozenset(
    b"static extern inline __inline __inline__ const volatile register typedef".split()
)
_PRIMITIVE = frozenset(
    b"void char short int long float double signed unsigned bool _Bool size_t ssize_t"
    b" u8 u16 u32 u64 s8 s16 s32 s64".split()
)
_SPECIFIERS = frozenset(
    b"asmlinkage noinline noinline_for_stack noinstr notrace nokprobe_inline fastcall".split()
)
"""Macros of ``linkage.h``, ``compiler.h`` and ``kprobes.h`` that could pass for a type."""

_TAGS = frozenset((b"struct", b"union", b"enum"))
_STATEMENTS = frozenset(
    b"if for while switch return sizeof do else case goto default break continue typeof"
    b" typedef".split()
)
_FIRST_ARGUMENT = re.compile(rb"\(\s*+(\w++)\s*+([,)])")
_PAIRED = re.compile(rb"\d\Z")
_ENDS_OBJECT = re.compile(rb"\n(\w+_END)[ \t]*(?=\n)")
_OBJECT_REACH = 2000
_FIELDS = re.compile(rb"\{\s*\.")


def respell_file_scope(draft: Draft) -> None:
    """Make every macro in column 0 a declaration, a definition or a call."""
    text = bytes(draft.text)
    if first := _FIRST_HEAD.match(text):
        _respell(draft, first)
    for m in _HEAD.finditer(text):
        _respell(draft, m)


def _respell(draft: Draft, m: re.Match[bytes]) -> None:
    words = list(_WORD.finditer(m[1]))
    if any(word[0] in _STATEMENTS for word in words) or not words:
        return
    *specifiers, _name = words
    if all(word[0] in _STORAGE for word in specifiers) and b"*" not in m[1]:
        _respell_macro(draft, m, words)
    else:
        _blank_extra_words(draft, m, specifiers)


def _blank_extra_words(draft: Draft, m: re.Match[bytes], specifiers: list[re.Match[bytes]]) -> None:
    """Of the words before a declared name, keep those that make its type."""
    named: list[re.Match[bytes]] = []
    whole = False
    previous = b""
    for word in specifiers:
        if previous in _TAGS or word[0] in _PRIMITIVE:
            whole = True
        elif word[0] not in _STORAGE and word[0] not in _TAGS:
            named.append(word)
        previous = word[0]
    if not whole and named:
        named.remove(min(named, key=lambda word: _oddness(word[0])))
    for word in named:
        start = m.start(1) + word.start()
        draft.mark(start, start + len(word[0]), "annotation")
        draft.blank(start, start + len(word[0]))


def _oddness(word: bytes) -> tuple[bool, ...]:
    """How little `word` looks like the name of a type, to compare by."""
    return word in _SPECIFIERS, word.isupper(), word.startswith(b"__"), not word.endswith(b"_t")


def _respell_macro(draft: Draft, m: re.Match[bytes], words: list[re.Match[bytes]]) -> None:
    follow = m[4]
    name = m.start(1) + words[-1].start()
    if follow == b"{" and _FIELDS.match(draft.text, m.end(3)):
        _define_object(draft, m, name)
        draft.put(m.end(2) - 1, b"=")
    elif follow == b"{":
        _define_function(draft, m, name)
    elif follow == b".":
        _define_described(draft, m, name)
    elif follow == b"=":
        _define_object(draft, m, name)
    elif (
        follow == b";"
        or not follow
        or follow[:1].isalnum()
        or follow in (b"#", b"}")
        or follow[:1] == b"_"
    ):
        if name > m.start(1):
            draft.mark(m.start(1), name, "storage")
            draft.blank(m.start(1), name)
        if follow != b";":
            _end_invocation(draft, m, name)


def _end_invocation(draft: Draft, m: re.Match[bytes], name: int) -> None:
    """Add the missing semicolon in the first blank byte; where there is none, blank it all.

    Other invocations beside it, or indented below it, get theirs likewise.
    """
    end = m.end(2)
    while call := _BESIDE.match(m.string, end):
        draft.put(call.start(1) - 1, b";")
        name, end = call.start(1), call.end()
    space = _SPACE.match(m.string, end)
    for offset, byte in enumerate(space[0] if space else b"", end):
        if byte in b" \t":
            draft.put(offset, b";")
            return
    draft.mark(name, end, "toplevel")
    draft.blank(name, end)


def _define_object(draft: Draft, m: re.Match[bytes], name: int) -> None:
    """``static DEFINE_X(name) = {`` as ``static DEFINE_X name  = {``."""
    if first := _FIRST_ARGUMENT.match(m[2]):
        draft.mark(name, m.start(2), "declaration")
        draft.put(m.start(2), b" ")
        draft.blank(m.start(2) + first.end(1), m.end(2))


def _define_described(draft: Draft, m: re.Match[bytes], name: int) -> None:
    """``MACHINE_START(name, "text")`` up to ``MACHINE_END`` (``asm/mach/arch.h``) as an object."""
    first = _FIRST_ARGUMENT.match(m[2])
    end = _ENDS_OBJECT.search(draft.text, m.end(2), m.end(2) + _OBJECT_REACH)
    if first is None or first[2] != b"," or end is None or m[2][first.end() :][:1] != b" ":
        return
    draft.mark(name, m.start(2), "declaration")
    draft.put(m.start(2), b" ")
    draft.put(m.start(2) + first.start(2), b"={")
    draft.put(m.end(2) - 1, b",")
    draft.blank(*end.span(1))
    draft.put(end.start(1), b"};")


def _define_function(draft: Draft, m: re.Match[bytes], name: int) -> None:
    """``SYSCALL_DEFINE2(name, int, fd, long, n) {`` as ``int name( int  fd, long  n) {``."""
    first = _FIRST_ARGUMENT.match(m[2])
    if first is None or m.start(2) - name < 3 or b"\n" in draft.text[name : name + 3]:
        return
    end = m.start(2) + first.start(2)
    if first[2] == b",":
        draft.put(end, b"(")
        at = commas(m[2])[1:]
        if _PAIRED.search(m[1].rstrip()) and len(at) % 2:
            for comma in at[::2]:
                draft.put(m.start(2) + comma, b" ")
    elif not _open_parameters(draft, m, end):
        return
    draft.mark(name, m.start(2), "definition")
    draft.blank(name, m.start(2) + 1)
    draft.put(name, b"int")


def _open_parameters(draft: Draft, m: re.Match[bytes], end: int) -> bool:
    """Write ``()`` after a sole argument, whose own closing parenthesis is all there is.

    The second one goes into a blank before the brace, or takes the place of the brace, which
    moves into the indentation of the body.
    """
    for offset, byte in enumerate(m[3], m.start(3)):
        if byte in b" \t":
            draft.put(end, b"(")
            draft.put(offset, b")")
            return True
    room = re.compile(rb"\{\s*?([ \t])").match(draft.text, m.end(3))
    if room is None:
        return False
    draft.put(end, b"(")
    draft.put(m.end(3), b")")
    draft.put(room.start(1), b"{")
    return True
