# SPDX-License-Identifier: GPL-2.0-only
"""Patch files: what git, diff and mail programs write, and what nobody should send."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kscan.model import KscanError, Skip
from kscan.source.apply import AppliedPatch, apply_series, merged
from kscan.source.directory import DirectoryTree
from kscan.source.mail import messages
from kscan.source.patches import read_series, series_of
from kscan.source.ranges import patch_range

OLD = b"int a;\nint b;\nint c;\n"
EDIT = b"""\
diff --git a/drivers/x.c b/drivers/x.c
index 1111111..2222222 100644
--- a/drivers/x.c
+++ b/drivers/x.c
@@ -1,3 +1,3 @@
 int a;
-int b;
+int B;
 int c;
"""


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[DirectoryTree]:
    root = tmp_path / "tree"
    (root / "drivers").mkdir(parents=True)
    (root / "drivers/x.c").write_bytes(OLD)
    (root / "Makefile").write_bytes(b"VERSION = 6\n")
    yield DirectoryTree(root)
    assert (root / "drivers/x.c").read_bytes() == OLD


def applied(tree: DirectoryTree, *diffs: bytes) -> list[AppliedPatch]:
    return apply_series(tree, series_of([(f"{n}.patch", diff) for n, diff in enumerate(diffs, 1)]))


def changes(tree: DirectoryTree, *diffs: bytes) -> dict[str, bytes | None]:
    return merged(applied(tree, *diffs))


def error_of(tree: DirectoryTree, diff: bytes) -> str:
    with pytest.raises(KscanError) as caught:
        applied(tree, diff)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def mail(subject: str, body: bytes, date: str = "Mon Sep 17 00:00:00 2001") -> bytes:
    head = f"From {'1' * 40} {date}\nFrom: A <a@b>\nSubject: {subject}\n\n"
    return head.encode() + body + b"-- \n2.39.5\n\n"


def test_a_git_diff(tree: DirectoryTree) -> None:
    assert changes(tree, EDIT) == {"drivers/x.c": b"int a;\nint B;\nint c;\n"}


def _painted(diff: bytes) -> bytes:
    """`diff` as ``git diff --color`` writes it."""
    colours = {b"+": b"32", b"-": b"31", b"@": b"36", b" ": b""}
    rows = []
    for number, line in enumerate(diff.splitlines()):
        colour = b"1" if number < 4 else colours[line[:1]]
        rows.append(b"\x1b[%sm%s\x1b[m" % (colour, line) if colour else line)
    return b"\n".join(rows) + b"\n"


def test_colours_are_no_part_of_a_diff(tree: DirectoryTree) -> None:
    assert changes(tree, _painted(EDIT)) == changes(tree, EDIT)
    sent = mail("[PATCH] x", _painted(EDIT).replace(b"\x1b[m", b"\x1b[0m\x1b[K"))
    assert changes(tree, sent) == changes(tree, EDIT)


def test_escapes_of_a_file_are_kept(tree: DirectoryTree) -> None:
    shown = EDIT.replace(b"+int B;", b"+int B; /* \x1b[1m */")
    assert changes(tree, shown)["drivers/x.c"] == b"int a;\nint B; /* \x1b[1m */\nint c;\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("linux-6.12.orig/drivers/x.c", "linux-6.12/drivers/x.c"),
        ("drivers/x.c", "drivers/x.c"),
        ("a/drivers/x.c\t2026-01-01 00:00:00", "b/drivers/x.c\t2026-01-02 00:00:00"),
        ("drivers/x.c.orig", "drivers/x.c"),
    ],
)
def test_a_plain_diff_with_any_prefix(tree: DirectoryTree, old: str, new: str) -> None:
    body = EDIT[EDIT.index(b"@@") :]
    diff = f"diff -ur {old} {new}\n--- {old}\n+++ {new}\n".encode() + body
    assert list(changes(tree, diff)) == ["drivers/x.c"]


def test_new_removed_renamed_and_copied_files(tree: DirectoryTree) -> None:
    new = (
        b"diff --git a/n.c b/n.c\nnew file mode 100644\n"
        b"--- /dev/null\n+++ b/n.c\n@@ -0,0 +1 @@\n+x\n"
    )
    empty = b"diff --git a/e.c b/e.c\nnew file mode 100644\nindex 0000000..e69de29\n"
    gone = (
        b"diff --git a/drivers/x.c b/drivers/x.c\ndeleted file mode 100644\n"
        b"--- a/drivers/x.c\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-int a;\n-int b;\n-int c;\n"
    )
    moved = (
        b"diff --git a/drivers/x.c b/drivers/y.c\nsimilarity index 90%\n"
        b"rename from drivers/x.c\nrename to drivers/y.c\n"
        b"--- a/drivers/x.c\n+++ b/drivers/y.c\n@@ -3 +3 @@\n-int c;\n+int C;\n"
    )
    copied = moved.replace(b"rename", b"copy")
    assert changes(tree, new + empty) == {"e.c": b"", "n.c": b"x\n"}
    assert changes(tree, gone) == {"drivers/x.c": None}
    after = b"int a;\nint b;\nint C;\n"
    assert changes(tree, moved) == {"drivers/x.c": None, "drivers/y.c": after}
    assert changes(tree, copied) == {"drivers/y.c": after}


def test_a_plain_diff_adds_a_file_where_its_others_are(tree: DirectoryTree) -> None:
    edit = EDIT[EDIT.index(b"---") :]
    new = b"--- %(at)sdrivers/n/n.c\n+++ %(at)sdrivers/n/n.c\n@@ -0,0 +1 @@\n+x\n"
    bare = edit.replace(b" a/", b" ").replace(b" b/", b" ")
    for diff, at in ((bare, b""), (edit, b"a/")):
        assert "drivers/n/n.c" in changes(tree, new % {b"at": at} + diff)
        assert "drivers/n/n.c" in changes(tree, diff + new % {b"at": at})


def test_a_plain_diff_that_adds_one_file_adds_it_to_a_directory(tree: DirectoryTree) -> None:
    new = b"--- %(at)s\n+++ %(at)s\n@@ -0,0 +1 @@\n+x\n"
    for name, path in (
        (b"drivers/n.c", "drivers/n.c"),
        (b"new/drivers/n.c", "drivers/n.c"),
        (b"lib/sort/n.c", "sort/n.c"),
    ):
        assert changes(tree, new % {b"at": name}) == {path: b"x\n"}


def test_diff_of_directories_adds_and_removes(tree: DirectoryTree) -> None:
    new = b"--- a/n.c\t1970-01-01\n+++ b/n.c\t2026-01-01\n@@ -0,0 +1 @@\n+x\n"
    gone = b"--- a/drivers/x.c\n+++ b/drivers/x.c\n@@ -1,3 +0,0 @@\n-int a;\n-int b;\n-int c;\n"
    assert changes(tree, new, gone) == {"n.c": b"x\n", "drivers/x.c": None}


def test_mode_only_changes_change_nothing(tree: DirectoryTree) -> None:
    mode = b"diff --git a/drivers/x.c b/drivers/x.c\nold mode 100644\nnew mode 100755\n"
    assert changes(tree, mode) == {}


def test_binary_patches_and_symbolic_links_are_not_applied(tree: DirectoryTree) -> None:
    binary = (
        b"diff --git a/logo.png b/logo.png\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKc\n\n"
    )
    link = (
        b"diff --git a/l.c b/l.c\nnew file mode 120000\n--- /dev/null\n+++ b/l.c\n@@ -0,0 +1 @@\n"
        b"+/etc/passwd\n\\ No newline at end of file\n"
    )
    (done,) = applied(tree, EDIT + binary + link)
    assert list(done.changes) == ["drivers/x.c"]
    assert done.skips == (Skip("l.c", "a symbolic link or submodule, not applied"),)
    assert done.notes == ("logo.png: a binary patch, not applied",)


def test_no_newline_at_the_end_and_bytes_that_are_no_text(tree: DirectoryTree) -> None:
    diff = (
        b'diff --git "a/caf\\303\\251.c" "b/caf\\303\\251.c"\nnew file mode 100644\n'
        b'--- /dev/null\n+++ "b/caf\\303\\251.c"\n@@ -0,0 +1,2 @@\n+\xff\xfe\r\n+end\n'
        b"\\ No newline at end of file\n"
    )
    assert changes(tree, diff) == {"café.c": b"\xff\xfe\r\nend"}


def test_later_patches_stand_on_earlier_ones(tree: DirectoryTree) -> None:
    second = EDIT.replace(b"-int b;\n+int B;", b"-int B;\n+int BB;")
    first, then = applied(tree, EDIT, second)
    assert first.changes == {"drivers/x.c": b"int a;\nint B;\nint c;\n"}
    assert then.changes == {"drivers/x.c": b"int a;\nint BB;\nint c;\n"}


def test_what_does_not_apply_is_named(tree: DirectoryTree) -> None:
    wrong = EDIT.replace(b"int a;", b"int z;").replace(b"int c;", b"int y;").replace(b"b;", b"q;")
    assert error_of(tree, wrong) == (
        "1.patch: drivers/x.c: hunk 1 does not apply: line 1: expected 'int z;', found 'int a;'"
    )
    assert "drivers/z.c: no such file" in error_of(tree, EDIT.replace(b"x.c", b"z.c"))
    add = b"diff --git a/Makefile b/Makefile\nnew file mode 100644\n"
    assert "Makefile: the patch adds it, but it is there" in error_of(tree, add)
    gone = b"diff --git a/Makefile b/Makefile\ndeleted file mode 100644\n"
    assert "Makefile: the patch removes it, but it has lines" in error_of(tree, gone)


def test_a_patch_that_is_in_the_tree_already_is_refused(tree: DirectoryTree) -> None:
    with pytest.raises(KscanError) as caught:
        applied(tree, EDIT, EDIT)
    assert str(caught.value) == (
        "2.patch: drivers/x.c: hunk 1 is in the tree already; --base or --commit goes before it"
    )


def test_a_patch_whose_last_newline_was_lost(tree: DirectoryTree) -> None:
    assert changes(tree, EDIT[:-1]) == {"drivers/x.c": b"int a;\nint B;\nint c;\n"}
    inserted = EDIT[: EDIT.index(b"@@")] + b"@@ -1,0 +2 @@\n+int aa;"
    assert changes(tree, inserted) == {"drivers/x.c": b"int a;\nint aa;\nint b;\nint c;\n"}


@pytest.mark.parametrize("said", ["No newline at end of file", "Kein Zeilenumbruch am Ende.", "…"])
def test_a_line_without_newline_is_told_in_any_language(tree: DirectoryTree, said: str) -> None:
    (tree.root / "drivers/y.c").write_bytes(b"int a;\nint b;")
    head = b"--- a/drivers/y.c\n+++ b/drivers/y.c\n@@ -1,2 +1,2 @@\n"
    marked = f"\\ {said}\n".encode()
    both = head + b" int a;\n-int b;\n" + marked + b"+int B;\n" + marked
    assert changes(tree, both) == {"drivers/y.c": b"int a;\nint B;"}
    (patch,) = applied(tree, head + b"-int a;\n+int A;\n int b;\n" + marked + EDIT)
    assert patch.changes["drivers/y.c"] == b"int A;\nint b;"
    assert patch.notes == ()


def test_a_file_without_a_hunk_is_not_passed_over_in_silence(tree: DirectoryTree) -> None:
    heads = EDIT[: EDIT.index(b"@@")], EDIT[: EDIT.index(b"---")]
    for head in (
        *heads,
        heads[0] + b"@ -1,3 +1,3 @@\n int a;\n",
        heads[0][heads[0].index(b"---") :],
    ):
        (patch,) = applied(tree, head)
        assert patch.changes == {}
        assert [skip.path for skip in patch.skips] == ["drivers/x.c"]
        assert "no hunk of it" in patch.skips[0].reason
    for told in (b"old mode 100644\nnew mode 100755\n", b"new mode 100755\n"):
        (patch,) = applied(tree, b"diff --git a/drivers/x.c b/drivers/x.c\n" + told)
        assert patch.skips == ()


@pytest.mark.parametrize("name", [b"d/../" + b"q" * 3000, b"q/" * 5000 + b"x.c", b"\0" * 3000])
def test_a_long_path_is_refused_in_a_short_line(tree: DirectoryTree, name: bytes) -> None:
    diff = b"--- a/" + name + b"\n+++ b/" + name + b"\n@@ -1 +1 @@\n-a\n+b\n"
    assert len(error_of(tree, diff)) < 500
    assert len(error_of(tree, diff.replace(b"-1 +1", b"-1 +1,2") + b"damage\n")) < 500


@pytest.mark.parametrize(
    "name",
    ["../x.c", "a/../../x.c", "/etc/passwd", ".git/hooks/post-checkout", "d/.GIT/config", "a//x"],
)
def test_paths_that_leave_the_tree_are_refused(tree: DirectoryTree, name: str) -> None:
    head = f"--- /dev/null\n+++ b/{name}\n" if name[0] != "/" else f"--- {name}\n+++ {name}\n"
    message = error_of(tree, head.encode() + b"@@ -0,0 +1 @@\n+x\n")
    assert "the patch is refused" in message
    moved = f"diff --git a/Makefile b/m\nrename from Makefile\nrename to {name}\n"
    assert "the patch is refused" in error_of(tree, moved.encode())


def test_an_mbox_is_sorted_and_the_rest_passed_over(tree: DirectoryTree) -> None:
    second = EDIT.replace(b"-int b;\n+int B;", b"-int B;\n+int BB;")
    quoted = b"> diff --git a/drivers/x.c b/drivers/x.c\n> -int b;\nWhy?\n"
    mbox = (
        mail("[PATCH v2 0/2] iommu: the series", b"Cover.\n\nbase-commit: " + b"ab" * 20 + b"\n")
        + mail("[PATCH v2 2/2] iommu: second", b"More.\n---\n x.c | 2 +-\n\n" + second)
        + mail("Re: [PATCH v2 1/2] iommu: first", quoted)
        + mail("=?utf-8?q?[PATCH_v2_1/2]_iommu:_first_=C3=A9?=", b"From me.\n---\n" + EDIT)
        + mail("[PATCH 1/1] iommu: the old one", EDIT)
        + mail("Re: [PATCH v2 2/2] iommu: second", b"Rather:\n" + EDIT)
    )
    series = series_of([("series.mbox", mbox)])
    assert [patch.subject for patch in series.patches] == ["iommu: first é", "iommu: second"]
    assert series.patches[1].origin == "series.mbox, part 2/2"
    assert series.base_commit == "ab" * 20
    assert [skip.reason for skip in series.skips] == [
        "iommu: second: a diff in a reply",
        "iommu: the old one: superseded by v2",
    ]
    assert merged(apply_series(tree, series)) == {"drivers/x.c": b"int a;\nint BB;\nint c;\n"}
    zipped = series_of([("t.mbox.gz", gzip.compress(mbox))])
    assert [patch.files for patch in zipped.patches] == [patch.files for patch in series.patches]


def test_a_mail_that_came_by_two_lists_is_one_patch(tree: DirectoryTree) -> None:
    first, second = (
        mail(f"[PATCH {part}/2] p{part}\nMessage-ID: <p{part}@e.org>", diff)
        for part, diff in ((1, EDIT), (2, EDIT.replace(b"-int b;\n+int B;", b"-int B;\n+int C;")))
    )
    copy = first.replace(b"-- \n", b"-- \n_______\nlist mailing list\n")
    for files in ([("s.mbox", first + second + copy)], [("1", first), ("2", second), ("3", copy)]):
        series = series_of(files)
        assert [patch.subject for patch in series.patches] == ["p1", "p2"]
        assert merged(apply_series(tree, series)) == {"drivers/x.c": b"int a;\nint C;\nint c;\n"}
    other = first.replace(b"p1\n", b"another\n")  # two mails that say to be one
    assert len(series_of([("s.mbox", first + other)]).patches) == 2


def test_encoded_mail_and_carriage_returns(tree: DirectoryTree) -> None:
    import base64
    import quopri

    plain = mail("[PATCH] x", EDIT)
    head, _, body = plain.partition(b"\n\n")
    for encoding, encoded in (
        (b"base64", base64.encodebytes(body)),
        (b"quoted-printable", quopri.encodestring(body)),
    ):
        message = head + b"\nContent-Transfer-Encoding: " + encoding + b"\n\n" + encoded
        assert changes(tree, message) == changes(tree, EDIT)
    assert changes(tree, plain.replace(b"\n", b"\r\n")) == changes(tree, EDIT)


def test_the_interdiff_of_a_cover_letter_is_no_patch() -> None:
    interdiff = b"Interdiff against v1:\n" + EDIT
    mbox = mail("[PATCH v2 0/2] cover", interdiff) + mail("[PATCH v2 1/2] x", EDIT)
    mbox += mail("[PATCH v2 2/2] y", EDIT)
    series = series_of([("s.mbox", mbox)])
    assert ([p.subject for p in series.patches], series.skips) == (["x", "y"], ())
    alone = series_of([("s.mbox", mail("[PATCH 0/1] x", EDIT))])
    assert [p.subject for p in alone.patches] == ["x"]


def test_a_missing_part_is_a_skip() -> None:
    series = series_of([("s.mbox", mail("[PATCH 2/2] b", EDIT))])
    assert series.skips == (Skip("s.mbox", "patch 1/2 is not in the file"),)


def test_a_part_without_a_diff_is_told_as_such() -> None:
    mbox = mail("[PATCH 1/3] a", EDIT) + mail("[PATCH 2/3] b", b"Nothing.\n")
    mbox += mail("Re: [PATCH 3/3] c", b"Where is it?\n")
    series = series_of([("s.mbox", mbox)])
    why = "patch 3/3 is not in the file; patch 2/3 has no diff"
    assert series.skips == (Skip("s.mbox", why),)


def test_a_patch_that_does_not_apply_tells_of_the_part_that_is_missing(
    tree: DirectoryTree,
) -> None:
    second = EDIT.replace(b"-int b;", b"-int B;").replace(b"+int B;", b"+int C;", 1)
    series = series_of([("s.mbox", mail("[PATCH 2/2] b", second))])
    with pytest.raises(KscanError, match=r"does not apply: .*; patch 1/2 is not in the file$"):
        patch_range(tree, series)


def test_files_of_one_series_are_sorted_by_part() -> None:
    files = [("b.patch", mail("[PATCH 2/2] b", EDIT)), ("a.patch", mail("[PATCH 1/2] a", EDIT))]
    assert [patch.subject for patch in series_of(files).patches] == ["a", "b"]


def test_a_file_for_each_mail_is_one_series() -> None:
    cover, first, third = (
        (f"000{part}.patch", mail(f"[PATCH v2 {part}/3] p{part}", body))
        for part, body in ((0, b"All of it.\n"), (1, EDIT), (3, EDIT))
    )
    series = series_of([cover, third, first])
    assert [patch.subject for patch in series.patches] == ["p1", "p3"]
    assert series.skips == (Skip("0000.patch", "patch 2/3 is not among the files"),)
    other = ("x.patch", mail("[PATCH] x", EDIT))
    alone = series_of([first, other])
    assert alone.skips == (Skip("0001.patch", "patches 2/3 and 3/3 are not in the file"),)
    with pytest.raises(KscanError, match=r"0000\.patch: no patch in it"):
        series_of([cover])


@pytest.mark.parametrize(
    "field",
    [b"X-Mozilla-Status: 0001", b"DKIM-Signature: v=1;\n\tb=abc", b"content-type: text/plain"],
)
def test_mail_may_begin_with_any_field(field: bytes) -> None:
    raw = field + b"\nFrom: A <a@b>\nsubject: [PATCH 1/1] x\n\n" + EDIT
    (patch,) = series_of([("x.eml", raw)]).patches
    assert patch.subject == "x"


def test_terminal_escapes_in_a_subject_are_shown() -> None:
    series = series_of([("s", mail("[PATCH] x\x1b[31m", EDIT))])
    assert series.patches[0].subject == "x\ufffd[31m"


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    diff = b"--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(mail("[PATCH] piped", diff))))
    assert [patch.subject for patch in read_series(["-"]).patches] == ["piped"]
    with pytest.raises(KscanError, match=r"^-: no patch in it"):
        read_series(["-"])


def test_a_damaged_hunk_is_told_by_file_and_line(tmp_path: Path) -> None:
    wrapped = EDIT.replace(b"x.c", b"y.c").replace(b"+int B;", b"+int\nB;")
    file = tmp_path / "p.patch"
    file.write_bytes(EDIT + wrapped)
    with pytest.raises(KscanError, match=r"line 18 of the diff, in b/drivers/y\.c: Hunk"):
        read_series([file])


@pytest.mark.parametrize(
    ("diff", "file"),
    [
        # one hunk counts more than it has: the next file's header stands inside it
        (EDIT.replace(b"@@ -1,3", b"@@ -1,9") + EDIT.replace(b"x.c", b"y.c"), "x"),
        (
            b"--- a/x.c\n+++ b/x.c\n@@ -1,9 +1,9 @@\n a\n--- a/y.c\n+++ b/y.c\n@@ -1 +1 @@\n-a\n",
            "x",
        ),
        # what looks like a header is a line that is removed, and one that is added
        (b"--- a/x.c\n+++ b/x.c\n@@ -1,2 +1,2 @@\n--- i;\n+++ b/y.c\nint x;\n", "x"),
        # a file without a hunk stands before
        (EDIT + b"diff --git a/b.bin b/b.bin\nindex 1..2 100644\n@@ -1,2 +1 @@\nx\n", "b"),
        (EDIT + b"diff --git a/x.c b/y.c\nindex 1..2 100644\n@@ -1,2 +1 @@\nx\n", "y"),
    ],
)
def test_a_damaged_hunk_is_told_with_the_file_that_it_is_of(diff: bytes, file: str) -> None:
    with pytest.raises(KscanError, match=rf"of the diff, in b/(?:drivers/)?{file}\."):
        series_of([("p.patch", diff)])


def test_bad_files_are_one_clear_line(tmp_path: Path) -> None:
    for content, said in (
        (b"", "no patch in it"),
        (b"Dear all,\n\nno diff here.\n", "no patch in it"),
        (b"\x1f\x8b\x08\x00damaged", "cut short"),
        (gzip.compress(EDIT)[:9] + b"\xff" * 40, "damaged gzip"),
        (EDIT.replace(b"@@ -1,3", b"@@ -1,9"), "damaged patch"),
        (b"diff --git a/a b/b\nrename from a\nrename to /dev/null\n", "a file that never is"),
    ):
        file = tmp_path / "p.patch"
        file.write_bytes(content)
        with pytest.raises(KscanError, match=said) as caught:
            read_series([file])
        assert str(caught.value).startswith(f"{file}: ")
    with pytest.raises(KscanError, match="no such file"):
        read_series([tmp_path / "absent"])
    with pytest.raises(KscanError, match="is a directory"):
        read_series([tmp_path])


@pytest.mark.parametrize(
    "bait",
    [
        b"Binary files " + b"x and " * 200_000,
        b"diff --git " + b"a://b " * 200_000,
        b"diff --git a/" + b" b/" * 300_000,
        b"index " + b"1" * 900_000,
        b"+++ " + b"x" * 900_000,
        b"--- " + b'"' * 900_000,
        b"@@ -1," + b"1" * 900_000,
        b"From a " + b"Mon Sep 17 " * 90_000,
        b"Subject: " + b"[PATCH" * 90_000,
    ],
)
def test_bait_for_backtracking_is_read(tree: DirectoryTree, bait: bytes) -> None:
    for content in (EDIT + bait + b"\n", bait + b"\n" + EDIT):
        with contextlib.suppress(KscanError):
            applied(tree, content)


ODD = rb"""\ No newline at end of file
GIT binary patch
rename from a
copy to b
new file mode 100644
+++ b/drivers/x.c
---
@@ -0,0 +0,0 @@

From a Mon Sep 17 00:00:00 2001
Subject: [PATCH 1/2] x
"""
PIECES = st.sampled_from((EDIT + ODD).splitlines(keepends=True))


@given(st.lists(PIECES | st.binary(max_size=12), max_size=25))
def test_any_bytes_are_a_series_or_an_error(pieces: list[bytes]) -> None:
    try:
        apply_series(_Nothing(), series_of([("f", b"".join(pieces))]))  # type: ignore[arg-type]
    except KscanError as error:
        assert "\n" not in str(error)


class _Nothing:
    def exists(self, path: str) -> bool:
        return path == "drivers/x.c"

    def read(self, path: str) -> bytes:
        assert path == "drivers/x.c"
        return OLD


@pytest.mark.parametrize(
    "header",
    [
        b"Subject: [PATCH] " + b"=?a?q?" * 500_000,
        b'Content-Type: multipart/mixed; boundary="x"' + b';a*0="x"' * 300_000,
    ],
)
def test_a_header_field_is_read_in_linear_time(header: bytes) -> None:
    with contextlib.suppress(KscanError):
        series_of([("m", header + b"\n\n" + EDIT)])


def test_parts_inside_each_other_are_refused() -> None:
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000)
    )
    with pytest.raises(KscanError, match=r"inside each other|no patch in it"):
        series_of([("m", b"Subject: x\n" + parts)])


def test_many_replies_are_passed_over_in_linear_time() -> None:
    mail = b"From a Mon Jan  1 00:00:00 2000\nSubject: %sx\n\ndiff --git a/a b/a\n\n"
    series = series_of([("m", (mail % b"re: ") * 15_000 + (mail % b"") * 15_000)])
    assert len(series.skips) == 15_000


def one_mail(fields: bytes, body: bytes) -> bytes:
    return b"From: A <a@example.org>\nSubject: [PATCH] x\n" + fields + b"\n\n" + body


FLOWED = b'Content-Type: text/plain; charset="utf-8"; format=flowed'


def test_a_space_stuffed_mail_applies_as_git_takes_it(tree: DirectoryTree) -> None:
    stuffed = b"".join(
        b" " + line if line.startswith(b" ") else line for line in EDIT.splitlines(keepends=True)
    )
    body = b"A long sentence that \nwas wrapped.\n---\n" + stuffed + b"-- \n2.43.0\n"
    assert changes(tree, one_mail(FLOWED, body)) == {"drivers/x.c": OLD.replace(b"b", b"B")}
    assert [EDIT in m.body for m in messages("m", one_mail(FLOWED, body))] == [True]
    assert [EDIT in m.body for m in messages("m", one_mail(b"X-No: type", body))] == [False]


@pytest.mark.parametrize(("spaced", "told"), [(b"", "one two"), (b"; delsp=yes", "onetwo")])
def test_flowed_lines_are_joined(spaced: bytes, told: str) -> None:
    (message,) = messages("m", one_mail(FLOWED + spaced, b"one \ntwo\n-- \nsignature\n"))
    assert message.body.decode() == f"{told}\n-- \nsignature\n"


@pytest.mark.parametrize(
    ("kind", "name", "counts"),
    [
        ("octet-stream", "x.patch", True),
        ("octet-stream", "X.DIFF", True),
        ("octet-stream", "x.bin", False),
        ("mbox", "x.patch", True),
        ("x-patch", "x", True),
        ("x-diff", "x", True),
        ("pgp-signature", "x.asc", False),
    ],
)
def test_a_patch_attached_as_no_text(
    tree: DirectoryTree, kind: str, name: str, counts: bool
) -> None:
    attached = (
        b"--b\nContent-Type: text/plain\n\nSee attached.\n--b\n"
        + f'Content-Type: application/{kind}; name="{name}"\n'.encode()
        + b"Content-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(EDIT)
        + b"--b--\n"
    )
    sent = one_mail(b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"', attached)
    if counts:
        assert changes(tree, sent) == {"drivers/x.c": OLD.replace(b"b", b"B")}
    else:
        assert "no patch in it" in error_of(tree, sent)


def test_a_bare_diff_that_became_crlf(tree: DirectoryTree) -> None:
    assert changes(tree, EDIT.replace(b"\n", b"\r\n")) == changes(tree, EDIT)


def test_the_combined_diff_of_a_merge_is_refused(tree: DirectoryTree) -> None:
    diff = (
        b"diff --cc drivers/x.c\nindex 1,2..3\n--- a/drivers/x.c\n+++ b/drivers/x.c\n"
        b"@@@ -1,2 -1,2 +1,3 @@@\n  int a;\n++int m;\n  int b;\n"
    )
    assert "1.patch: the combined diff of a merge does not apply" in error_of(tree, diff)


PARAMETERS = [
    b"format*=idna''a..b",
    b"format*=punycode''%ff",
    b"format*0=a; format*=b",
    b"boundary*=a;boundary*0=b",
    b"format*" + b"9" * 5000 + b"=a",
    b"boundary*=idna''a..b",
    b"name*=idna''a..b",
    b"name*0=x; name*=.patch",
]


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_parameter_that_nobody_can_decode_is_left_out(
    tree: DirectoryTree, parameter: bytes
) -> None:
    text = one_mail(b"Content-Type: text/plain; " + parameter, EDIT)
    assert changes(tree, text) == {"drivers/x.c": OLD.replace(b"b", b"B")}
    for kind in (b"multipart/mixed; ", b"application/octet-stream; "):
        assert "no patch in it" in error_of(
            tree, one_mail(b"Content-Type: " + kind + parameter, EDIT)
        )


TYPES = st.sampled_from(
    (b"text/plain", b"multipart/mixed", b"application/octet-stream", b"message/rfc822")
)
FIELDS = st.sampled_from(
    (
        *PARAMETERS,
        b"boundary=b",
        b'charset="x"',
        b"charset*=utf-8''%ff",
        b"format=flowed",
        b"delsp=yes",
        b"name*=utf-8''%e2.patch",
        b"name*0*=utf-8''a; name*1=.patch",
    )
)
ENCODINGS = st.sampled_from((b"8bit", b"base64", b"quoted-printable", b"x-uuencode", b"uu"))


@given(TYPES, st.lists(FIELDS, max_size=3), ENCODINGS, st.lists(PIECES, max_size=8))
def test_any_mail_is_read(
    kind: bytes, fields: list[bytes], encoding: bytes, pieces: list[bytes]
) -> None:
    headers = b"Content-Type: %b\nContent-Disposition: %b" % (
        b"; ".join((kind, *fields)),
        b"; ".join((b"attachment", *fields)),
    )
    headers += b"\nContent-Transfer-Encoding: " + encoding
    part = b"--b\n" + headers + b"\n\n" + b"".join(pieces) + b"--b--\n"
    for body in (b"".join(pieces), b"begin 644 a\n" + b"".join(pieces), part):
        for message in messages("m", one_mail(headers, body)):
            message.subject.encode()


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_subject_that_is_not_encoded(encoding: str) -> None:
    raw = "From: A <a@example.org>\nSubject: [PATCH] für Jérôme\n\n".encode(encoding) + EDIT
    (message,) = messages("m", raw)
    assert message.subject == "für Jérôme"


@pytest.mark.parametrize(
    ("spelled", "subject"),
    [
        ("=?utf-8?q?J=C3=A9r?= für alle", "Jér für alle"),
        ("für =?utf-8?q?J=C3=A9r?=\n =?utf-8?b?w7Y=?= ß ende", "für Jérö ß ende"),
        ("=?utf-8?b?w4M=?= für =?koi-9?q?x?=", "Ã für =?koi-9?q?x?="),
        ("=?utf-8?b?w?=\n =?utf-8?q?=C3=A9?= plain", "=?utf-8?b?w?= =?utf-8?q?=C3=A9?= plain"),
    ],
)
def test_encoded_words_beside_what_ought_to_be_encoded(spelled: str, subject: str) -> None:
    (message,) = messages("p", f"From: A <a@b>\nSubject: {spelled}\n\n".encode() + EDIT)
    assert message.subject == subject


@pytest.mark.parametrize("word", ["=?utf-8?b?A?=", "=?\u00fc?q?a?="])
def test_a_subject_that_cannot_be_decoded_stands_as_it_is(word: str) -> None:
    raw = f"From: A <a@example.org>\nSubject: [PATCH] {word} x\n\n".encode() + EDIT
    (message,) = messages("m", raw)
    assert message.subject == f"{word} x"
