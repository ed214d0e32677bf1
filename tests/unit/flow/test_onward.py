# SPDX-License-Identifier: GPL-2.0-only
"""What is known of a function once, however many objects are followed through it."""

from __future__ import annotations

import pytest
from trees import MemoryTree

from kscan.facts.reader import Reader
from kscan.facts.store import NullStore
from kscan.flow.onward import Callees
from kscan.kernel.catalogue import catalogue
from kscan.program.program import Program

CODE = "int f(void)\n{\n\tint *a __free(kfree) = g();\n\tint *b = g();\n\n\treturn *a + *b;\n}\n"


def test_variables_that_are_cleaned_up_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(Reader(MemoryTree({"a.c": CODE}), NullStore()))
    callees = Callees(program, catalogue().functions, lambda _path: True)
    (function,) = program.functions_in("a.c")
    assert callees.cleaned(function) == {"a"}
    monkeypatch.setattr(Reader, "cleanup", lambda *_: pytest.fail("looked again"))
    assert callees.cleaned(function) == {"a"}
