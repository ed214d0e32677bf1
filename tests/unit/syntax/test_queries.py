# SPDX-License-Identifier: GPL-2.0-only
"""Queries as files: found, compiled, named when wrong, digested."""

from __future__ import annotations

from pathlib import Path

import pytest
from syntaxes import parsed

from kscan.model import KscanError
from kscan.syntax import queries


def test_every_query_compiles() -> None:
    files = sorted(queries.directory().rglob("*.scm"))
    assert files
    for path in files:
        name = path.relative_to(queries.directory()).with_suffix("").as_posix()
        if not name.startswith("devicetree"):
            assert queries.query(name).pattern_count


def test_an_unknown_query() -> None:
    with pytest.raises(KscanError, match="facts/none"):
        queries.query("facts/none")


def test_a_wrong_query_says_where() -> None:
    with pytest.raises(KscanError, match=r"mine\.scm: .*line 2"):
        queries.compile_query("(identifier) @a\n(nothing_like_it) @b\n", "mine.scm")


def test_the_digest_follows_the_queries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "directory", lambda: tmp_path)
    digests = []
    for text in ("(identifier) @a", "(identifier) @b"):
        (tmp_path / "a.scm").write_text(text)
        queries.digest.cache_clear()
        digests.append(queries.digest())
    (tmp_path / "a.scm").rename(tmp_path / "b.scm")
    queries.digest.cache_clear()
    digests.append(queries.digest())
    queries.digest.cache_clear()
    assert len(set(digests)) == 3


def test_captures_in_source_order() -> None:
    root = parsed("".join(f"int f{number}(void)\n{{\n}}\n" for number in range(200)))
    names = [node.text for node in queries.captures("facts/functions", root)["name"]]
    assert names == [b"f%d" % number for number in range(200)]


def test_matches_hold_together() -> None:
    root = parsed("int f(int a)\n{\n\treturn a;\n}\nint *g(void)\n{\n}\n")
    found = [match for _, match in queries.matches("facts/functions", root)]
    assert [match["name"][0].text for match in found] == [b"f", b"g"]
    assert [match["parameters"][0].text for match in found] == [b"(int a)", b"(void)"]
    assert all(match["body"][0].parent == match["function"][0] for match in found)


def test_a_table_of_many_entries_is_captured_in_linear_time() -> None:
    root = parsed("struct a b = {\n" + "\t.x = y,\n" * 150_000 + "};\n")
    assert len(queries.captures("facts/tables", root)["pair"]) == 150_000


def test_a_large_text_is_captured_like_a_small_one() -> None:
    text = "struct a *b[] = { &x, &y };\nstruct a c = { .x = y ? &p : &q };\n"
    small = queries.captures("facts/tables", parsed(text))
    large = queries.captures("facts/tables", parsed(text + "int z;\n" * 20_000))
    assert {name: [n.text for n in nodes] for name, nodes in small.items()} == {
        name: [n.text for n in nodes] for name, nodes in large.items()
    }
