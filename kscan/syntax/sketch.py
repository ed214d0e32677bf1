# SPDX-License-Identifier: GPL-2.0-only
"""Function definitions seen without parsing: what the parser is held against.

Kernel style puts the head of a function in column 0 and its brace in column 0 as well, or at
the end of the head.  A sketch knows no macro, so it shares no mistake with the dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kscan.syntax.annotations import PARENTHESES
from kscan.syntax.draft import Draft

_HEAD = re.compile(
    rb"\n([A-Za-z_][\w\s*]{1,300}+)(?<=(\w))" + PARENTHESES + rb"(?:\s++\w++(?:"
    + PARENTHESES + rb")?+){0,4}+\s*+\{"
)  # fmt: skip
_WORDS = re.compile(rb"\w++")
_NO_TYPE = frozenset(b"static inline extern const volatile __always_inline".split())
_NO_NAME = frozenset(
    b"if else for while switch return do case goto typedef struct __attribute __attribute__"
    b" __printf __scanf __aligned __acquires __releases __must_hold".split()
)


def defined_names(source: bytes) -> Iterator[tuple[int, bytes]]:
    """Offset and name of each function that `source` defines in column 0 with a type."""
    for m in _HEAD.finditer(bytes(Draft(source).text)):
        *specifiers, name = _WORDS.findall(m[1])
        if specifiers and name not in _NO_NAME and not _NO_TYPE.issuperset(specifiers):
            yield m.start(1), name
