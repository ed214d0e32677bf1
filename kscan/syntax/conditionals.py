# SPDX-License-Identifier: GPL-2.0-only
"""``#if`` groups the grammar cannot hold: in an expression, in half a statement, in a list.

The grammar knows a conditional around whole statements, declarations, fields and enumerators;
such a group stays as it is, with every branch.  Elsewhere

* in a list (an initialiser, arguments) the directives become blank and every branch stays,
* ``#if 0`` becomes blank,
* otherwise one branch stays: the first whose brackets pair up, where a missing ``#else`` is an
  empty branch.  So two groups that open and close one brace agree on leaving both out.

What is left out is a mark of kind ``branch``, or ``dead`` where ``#if 0`` says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from kscan.syntax.draft import GAP, Directive, Draft, balanced, evenly_bracketed

_OPENING = frozenset((b"if", b"ifdef", b"ifndef"))
_MIDDLE = frozenset((b"elif", b"elifdef", b"elifndef", b"else"))
_DEPTH_LIMIT = 60
_CONTINUES = re.compile(rb"else\b|[]),?|&=.<>/%^:}]|->")
_BARE_INVOCATION = re.compile(
    rb"(?:\A|\n)[ \t]*(?!if\b|for\b|while\b|switch\b)\w+[ \t]*\([^\n]*\)\Z"
)
_LIST_OPENS = re.compile(rb"=\s*\{\Z")
_LABEL = re.compile(rb"(?:\A|[;{}\n])[ \t]*(?!default\b)\w+[ \t]*:\Z")
"""The grammar wants a statement after a label, and a conditional is none."""

_CONSTANT = re.compile(rb"#[ \t]*if[ \t]+\(?([01])\)?\s*\Z")


@dataclass(slots=True)
class _Group:
    """The directives of one ``#if`` up to its ``#endif``, and what stands before it."""

    before: bytes
    directives: list[Directive] = field(default_factory=list)

    def branches(self) -> list[tuple[int, int]]:
        """The spans between the directives."""
        return [(a.end, b.start) for a, b in pairwise(self.directives)]

    def has_else(self) -> bool:
        """One of the branches is always taken."""
        return any(line.word == b"else" for line in self.directives)


def resolve(draft: Draft) -> None:
    """Make every conditional of `draft` one that the grammar can hold, inner ones first."""
    stack: list[_Group] = []
    before, end = b"", 0
    for line in draft.directives:
        if bytes(draft.text[end : line.start]).strip(GAP):
            before = draft.before(line.start)
        end = line.end
        if line.word in _OPENING:
            stack.append(_Group(before, [line]))
        elif line.word in _MIDDLE and stack:
            stack[-1].directives.append(line)
        elif line.word == b"endif" and stack:
            group = stack.pop()
            group.directives.append(line)
            if len(stack) < _DEPTH_LIMIT:
                _resolve_group(draft, group)
                if bytes(draft.text[group.directives[0].start : end]).strip(GAP):
                    before = draft.before(end)
        elif line.word not in _MIDDLE and _inside_expression(draft, before, line.start):
            draft.blank(line.start, line.end)


def _inside_expression(draft: Draft, before: bytes, offset: int) -> bool:
    """A directive at `offset`, after `before`, stands in the middle of a statement."""
    last = before[-1:]
    if last == b":":
        return bool(_LABEL.search(before))
    if last == b")":
        return draft.heads_statement(offset) or draft.after(offset)[:1] == b"{"
    return last in (b",", b"(", b"=", b"|", b"&", b"+") or bool(_LIST_OPENS.search(before))


def _resolve_group(draft: Draft, group: _Group) -> None:
    if constant := _CONSTANT.match(group.directives[0].text):
        _drop_dead_branch(draft, group, taken=constant[1] == b"1")
        return
    texts = [bytes(draft.text[start:end]).strip(GAP) for start, end in group.branches()]
    after = draft.after(group.directives[-1].end)
    if _holds_statements(group.before, texts, after):
        return
    if _holds_list_items(group.before, texts, after):
        _blank_directives(draft, group)
        return
    _keep_branch(draft, group, _best_branch(texts, group.has_else()))


def _drop_dead_branch(draft: Draft, group: _Group, *, taken: bool) -> None:
    """Resolve ``#if 0`` and ``#if 1``."""
    kept = 0 if taken else 1 if len(group.directives) > 2 else None
    _keep_branch(draft, group, kept, "dead")


def _holds_statements(before: bytes, texts: list[bytes], after: bytes) -> bool:
    """Whole statements, declarations or fields stand in each branch."""
    return (
        _ends_statement(before)
        and not _LABEL.search(before)
        and not _LIST_OPENS.search(before)
        and all(_is_statements(text) for text in texts if text)
        and not after.startswith(b"else")
        and not (texts and texts[-1][-1:] == b")" and after[:1] == b"{")
    )


def _ends_statement(text: bytes) -> bool:
    return text[-1:] in (b"", b";", b"{", b"}", b":") or bool(_BARE_INVOCATION.search(text))


def _is_statements(text: bytes) -> bool:
    return (
        (text[-1:] in b";}:" or bool(_BARE_INVOCATION.search(text[-400:])))
        and not _CONTINUES.match(text)
        and not _LABEL.search(text[-80:])
        and balanced(text)
    )


def _holds_list_items(before: bytes, texts: list[bytes], after: bytes) -> bool:
    """Each branch is a run of list elements, so all of them may stand one after the other."""
    if before[-1:] not in (b",", b"{", b"("):
        return False
    full = [text for text in texts if text]
    closed = all(text[-1:] == b"," for text in full)
    last = len(full) == 1 and after[:1] in (b"}", b")") and full[0][-1:] not in (b";", b":")
    return (closed or last) and all(balanced(text) for text in full)


def _best_branch(texts: list[bytes], has_else: bool) -> int | None:
    """The number of the branch to keep; none where leaving all out keeps brackets paired."""
    for fits in (balanced, evenly_bracketed):
        for number, text in enumerate(texts):
            if text and fits(text):
                return number
    return 0 if has_else else None


def _blank_directives(draft: Draft, group: _Group) -> None:
    for line in group.directives:
        draft.blank(line.start, line.end)


def _keep_branch(draft: Draft, group: _Group, kept: int | None, kind: str = "branch") -> None:
    for number, (start, end) in enumerate(group.branches()):
        if number != kept and draft.text[start:end].strip():
            draft.mark(start, end, kind)
            draft.blank(start, end)
    _blank_directives(draft, group)
