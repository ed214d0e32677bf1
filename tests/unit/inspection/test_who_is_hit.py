# SPDX-License-Identifier: GPL-2.0-only
"""The answer of ``kscan hits``, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kscan.inspection.hits import as_json, as_text, hit_by
from kscan.model import KscanError
from kscan.source.directory import DirectoryTree
from kscan.source.tree import Unreadable

TABLE = 'static const struct of_device_id t[] = { { .compatible = "acme,disk" }, {} };\n'
FILES = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\n",
    "MAINTAINERS": (
        "ACME\nM:\tAda Foo <ada@x.example>\nL:\tacme@x.example\nS:\tSupported\nF:\tdrivers/\n"
    ),
    "drivers/Makefile": "obj-$(CONFIG_ACME) += acme.o\nobj-y += plain.o\n",
    "drivers/acme.c": TABLE + "MODULE_DEVICE_TABLE(of, t);\nint acme_go(void)\n{\n\treturn 0;\n}\n",
    "drivers/plain.c": "int plain_go(void)\n{\n\treturn 0;\n}\n",
    **{
        f"arch/arm64/boot/dts/b{n}.dts": (
            f'/ {{ model = "B\\x1b{n}"; d {{ compatible = "acme,disk"; }}; }};\n'
        )
        for n in range(5)
    },
}


@pytest.fixture
def tree(tmp_path: Path) -> DirectoryTree:
    for path, text in FILES.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text.replace("\\x1b", "\x1b"), encoding="utf-8")
    return DirectoryTree(tmp_path, "small")


def test_text_is_a_line_each_cut_with_counts(tree):
    boards = [f"arch/arm64/boot/dts/b{n}.dts (B?{n})" for n in range(3)]
    assert as_text(hit_by(tree, "drivers/acme.c")).splitlines() == [
        "drivers/acme.c",
        "    driver      drivers/acme",
        "    built by    CONFIG_ACME",
        "    set in      none",
        "    matches     acme,disk",
        f"    boards      5: {', '.join(boards)} (+2 more)",
        "    clients     none",
        "    maintainers Ada Foo <ada@x.example> (supporter:ACME)",
        "                acme@x.example (open list:ACME)",
    ]


def test_the_whole_text_names_every_board(tree):
    assert as_text(hit_by(tree, "drivers/acme.c"), whole=True).count(".dts (B?") == 5


def test_a_function_stands_for_its_file(tree):
    answer = hit_by(tree, "acme_go")
    assert answer.place == "acme_go"
    assert [driver.path for driver in answer.drivers] == ["drivers/acme.c"]


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ("acme_og", "did you mean acme_go[?]"),
        ("plain_going", "did you mean plain_go[?]"),
        ("go_acme", "give a file instead"),
    ],
)
def test_a_misspelt_function_is_told_what_may_be_meant(tree, slip, said):
    with pytest.raises(KscanError, match=f"no C file of small defines it: {said}"):
        hit_by(tree, slip)


def test_json_is_whole(tree):
    document = json.loads(json.dumps(as_json(hit_by(tree, "drivers/acme.c"))))
    assert document["schema"] == "kscan/hits/1"
    assert document["tree"] == {"name": "small", "kernel_version": "6.12.1"}
    (driver,) = document["drivers"]
    assert len(driver["hits"]["boards"]) == 5
    assert driver["maintainers"][0]["role"] == "supporter:ACME"


def test_code_that_no_symbol_gates_says_so(tree):
    plain = hit_by(tree, "drivers/plain.c")
    assert "built by    no symbol: obj-y, obj-m, or a header" in as_text(plain)
    assert plain.drivers[0].hits.unbuilt == ()


def test_what_no_makefile_names_is_built_by_nothing(tree, tmp_path):
    (tmp_path / "drivers/acme.c").rename(tmp_path / "drivers/renamed.c")
    answer = hit_by(DirectoryTree(tmp_path, "small"), "drivers/renamed.c")
    told = "built by    no makefile is seen to name drivers/renamed.o"
    assert told in as_text(answer)
    assert as_json(answer)["drivers"][0]["hits"]["unbuilt"] == ["drivers/renamed.o"]


def test_a_place_the_tree_does_not_have(tree):
    with pytest.raises(KscanError, match="no file drivers/no"):
        hit_by(tree, "drivers/no.c")


def test_a_driver_that_cannot_be_read_is_not_harmless(tree, monkeypatch):
    def denied(path: str) -> bytes:
        raise Unreadable(path, "permission denied")

    monkeypatch.setattr(tree, "read", denied)
    with pytest.raises(Unreadable, match=r"drivers/acme\.c: permission denied"):
        hit_by(tree, "drivers/acme.c")
