# SPDX-License-Identifier: GPL-2.0-only
"""Patches that end short of what their diffstat tells, and the many that do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from histories import History

from kscan.model import Skip
from kscan.source.diffstat import Diffstat
from kscan.source.patches import Series, series_of

LINES = "".join(f"int x{number};\n" for number in range(120))
DEEP = "/".join(["a_directory_with_a_very_long_name"] * 4)
QUOTED = 'caf\u00e9 \t"q.c'
MAIL = """\
From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001
From: A <a@example.org>
Subject: [PATCH] x: edit

It was:
 9 files changed, 99 insertions(+)
---
 drivers/x.c | 4 ++--
 {told}

diff --git a/drivers/x.c b/drivers/x.c
--- a/drivers/x.c
+++ b/drivers/x.c
@@ -1,2 +1,2 @@
-int a;
+int A;
 int b;
@@ -11,2 +11,2 @@
-int k;
+int K;
 int l;
--\x20
2.39.5
"""


def altered(text: str, *lines: int) -> str:
    rows = text.splitlines(keepends=True)
    return "".join(f"long y{n};\n" if n in lines else row for n, row in enumerate(rows))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Commits of all the shapes that a patch may have."""
    shop = History(tmp_path_factory.mktemp("shapes") / "repo")
    for path in ("a/one.c", "a/two.c", f"{DEEP}/x.c"):
        shop.write(path, LINES)
    shop.write(QUOTED, "a\nb\n")
    shop.write("no end.c", "a\nb")
    shop.write("logo.png", bytes(range(256)) * 20)
    shop.write("run.sh", "#!/bin/sh\n")
    shop.write("link.c", "one.c\nother\n")
    shop.commit("base")
    shop.write("a/one.c", altered(LINES, 5, 100))
    shop.write(f"{DEEP}/x.c", altered(LINES, 9))
    shop.commit("edits\n\nAs in\n\n 7 files changed, 99 insertions(+)\n")
    shop.git("mv", "a/two.c", "moved.c")
    shop.git("mv", "a/one.c", "b.c")
    shop.write("b.c", altered(LINES, 5, 50, 100))
    shop.write("logo.png", bytes(range(255, -1, -1)) * 20)
    (shop.root / "run.sh").chmod(0o755)
    shop.commit("moves", new__c="n\n", empty__c="")
    shop.write(QUOTED, "a\nB\n")
    shop.write("no end.c", "a\nb\n")
    shop.commit("names", empty__c=None)
    (shop.root / "run.sh").chmod(0o644)
    shop.commit("only a mode")
    shop.git("mv", "moved.c", "again.c")
    shop.commit("only a name")
    shop.write("logo.png", bytes(range(256)) * 30)
    shop.commit("only bytes")
    (shop.root / "link.c").unlink()
    (shop.root / "link.c").symlink_to("one.c")
    shop.commit("another type")
    shop.commit("a text", doc=" 3 files changed, 4 insertions(+)\nx\ny\n")
    shop.commit("the text", doc=" 3 files changed, 4 insertions(+)\nx\nz\n")
    shop.write("b.c", "".join(f"long z{number};\n" for number in range(90)))
    shop.write("copy.c", LINES + "int more;\n")
    shop.write("again.c", altered(LINES, 7))
    shop.commit("a rewrite and a copy")
    return shop


def mailed(shop: History, *options: str) -> bytes:
    text = shop.git("format-patch", "--stdout", *options, "HEAD~10..HEAD")
    return text.encode("utf-8", "surrogateescape") + b"\n"


def skips(series: Series) -> list[Skip]:
    return [skip for patch in series.patches for skip in patch.skips]


def one(told: str, diff: str = MAIL) -> list[Skip]:
    return skips(series_of([("dir/x.patch", diff.replace("{told}", told).encode())]))


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--no-stat",),
        ("-p", "--stat=40", "--stat-count=1"),
        ("-p", "--compact-summary"),
        ("-p", "--stat", "--dirstat", "--summary"),
        ("--no-renames",),
        ("-M10%", "-C", "--find-copies-harder"),
        ("-B", "-M"),
        ("--text",),
        ("--no-binary",),
        ("-U0",),
        ("-W", "--patience"),
        ("-w", "--ignore-blank-lines"),
        ("-I", "long"),
        ("--attach",),
        ("--inline",),
        ("--relative=a",),
        ("--cover-letter", "--range-diff=HEAD~6..HEAD~4"),
        ("--keep-subject", "--no-signature", "--notes"),
    ],
    ids=" ".join,
)
def test_what_git_writes_is_whole(history: History, options: tuple[str, ...]) -> None:
    series = series_of([("s.mbox", mailed(history, *options))])
    assert len(series.patches) == (4 if "--relative=a" in options else 10)
    assert skips(series) == []


def test_a_log_of_several_commits_is_whole(history: History) -> None:
    text = history.git("log", "--stat", "-p", "-3", "HEAD~4").encode()
    assert skips(series_of([("log.diff", text)])) == []


def test_every_cut_between_hunks_is_seen(history: History) -> None:
    mails = re.split(rb"(?m)^(?=From [0-9a-f]{40} )", mailed(history))[1:]
    cuts = 0
    for mail in mails:
        for place in list(re.finditer(rb"(?m)^(?:@@ |diff --git )", mail))[1:]:
            cut = series_of([("s.mbox", mail[: place.start()] + b"-- \n2.39.5\n")])
            assert len(skips(cut)) == 1, mail[: place.end() + 40]
            cuts += 1
    assert cuts > 20


def test_a_skip_says_where_and_how_much() -> None:
    end = MAIL.index("@@ -11")
    cut = MAIL[:end] + "-- \n2.39.5\n"
    assert one("1 file changed, 2 insertions(+), 2 deletions(-)") == []
    (skip,) = one("1 file changed, 2 insertions(+), 2 deletions(-)", cut)
    assert skip.path == "drivers/x.c"
    assert skip.reason.startswith(
        "x.patch has 1 file, 1 insertion, 1 deletion, and its diffstat tells of "
        "1 file, 2 insertions, 2 deletions: fetch it again"
    )


@pytest.mark.parametrize(
    ("told", "is_short"),
    [
        ("1 file changed, 1 insertion(+), 2 deletions(-)", False),
        ("1 files changed, 2 insertions(+), 2 deletions(-)", False),
        ("1 file changed", False),
        ("2 files changed, 2 insertions(+), 2 deletions(-)", True),
        ("1 file changed, 3 insertions(+)", True),
        ("1 file changed, 3 deletions(-)", True),
        ("a word of mine", False),
    ],
)
def test_only_what_is_missing_counts(told: str, is_short: bool) -> None:
    assert bool(one(told)) is is_short


def test_a_cover_letter_tells_of_the_whole_series() -> None:
    cover = MAIL.replace("[PATCH]", "[PATCH 0/1]")
    assert one("7 files changed, 50 insertions(+)", cover) == []


def test_a_submodule_has_no_hunks() -> None:
    log = MAIL.replace("diff --git", "Submodule sm 1111111...2222222:\n  > x\ndiff --git", 1)
    assert one("2 files changed, 3 insertions(+), 3 deletions(-)", log) == []


def test_a_diffstat_reads_as_one() -> None:
    assert str(Diffstat(1, 2000, 0)) == "1 file, 2,000 insertions, 0 deletions"


def test_a_cut_patch_is_applied_as_far_as_it_goes(tmp_path: Path) -> None:
    from kscan.source.apply import apply_series
    from kscan.source.directory import DirectoryTree

    root = tmp_path / "tree"
    (root / "drivers").mkdir(parents=True)
    (root / "Makefile").write_bytes(b"VERSION = 6\n")
    (root / "drivers/x.c").write_bytes(b"int a;\nint b;\n")
    cut = MAIL[: MAIL.index("@@ -11")].replace("{told}", "1 file changed, 2 insertions(+)")
    (done,) = apply_series(DirectoryTree(root), series_of([("x.patch", cut.encode())]))
    assert done.changes == {"drivers/x.c": b"int A;\nint b;\n"}
    assert [skip.path for skip in done.skips] == ["drivers/x.c"]
