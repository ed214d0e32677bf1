# SPDX-License-Identifier: GPL-2.0-only
"""The door of the layer: formats by name, imported when asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kscan.report import FORMATS, render

from . import samples


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders_both_documents(name):
    for document in (samples.audit(), samples.change()):
        text = render(name, document, width=90, colour=False, limit=60_000)
        assert text.endswith("\n")


def test_option_that_no_format_takes_is_an_error():
    with pytest.raises(TypeError, match="widht"):
        render("json", samples.audit(), widht=3)


def test_unknown_format_is_an_error():
    with pytest.raises(KeyError):
        render("pdf", samples.audit())


def test_a_format_imports_only_itself():
    code = (
        "import sys, kscan.report; heavy = {'rich', 'jinja2', 'pygments', 'unidiff'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules);"
        "assert not [m for m in sys.modules if m.startswith('kscan.report.')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
