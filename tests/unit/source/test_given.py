# SPDX-License-Identifier: GPL-2.0-only
"""Files that a command line names, as other systems write them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from kscan.model import KscanError
from kscan.source.given import content_of, unpacked

TEXT = "--- a/foo.c\n+++ b/foo.c\n+/* Jörg */\n"
LARGEST = 1000


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_is_utf8_whatever_its_mark_tells(tmp_path: Path, coding: str) -> None:
    ends = "\r\n" if "16" in coding else "\n"
    (tmp_path / "a.diff").write_bytes(TEXT.replace("\n", ends).encode(coding))
    assert content_of(tmp_path / "a.diff", LARGEST) == TEXT.encode()


def test_big_endian_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.diff").write_bytes(b"\xfe\xff" + TEXT.encode("utf-16-be"))
    assert content_of(tmp_path / "a.diff", LARGEST) == TEXT.encode()


@pytest.mark.parametrize("content", [b"", b"x", b"\0", b"a\0b", b"-\0-\0-\0--- a/f", b"\0" * 20])
def test_a_zero_here_and_there_is_no_utf16(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.diff").write_bytes(content)
    assert content_of(tmp_path / "a.diff", LARGEST) == content


def test_line_ends_of_utf8_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.diff").write_bytes(b"+int x;\r\n")
    assert content_of(tmp_path / "a.diff", LARGEST) == b"+int x;\r\n"


def test_what_is_too_long_stays_too_long(tmp_path: Path) -> None:
    (tmp_path / "a.diff").write_bytes(("x" * LARGEST).encode("utf-16"))
    assert len(content_of(tmp_path / "a.diff", LARGEST)) == LARGEST + 1


def test_what_gzip_packed_in_one_go_or_several_is_unpacked() -> None:
    packed = gzip.compress(TEXT.encode()) + gzip.compress(b"more\n")
    assert unpacked("a.gz", packed, LARGEST) == TEXT.encode() + b"more\n"
    assert unpacked("a.gz", gzip.compress(TEXT.encode("utf-16")), LARGEST) == TEXT.encode()
    assert unpacked("a", TEXT.encode(), LARGEST) == TEXT.encode()
    for damaged in (packed[:-9], gzip.compress(b"x" * (LARGEST + 1)), b"\x1f\x8bxx" + packed):
        with pytest.raises(KscanError, match=r"^a\.gz: "):
            unpacked("a.gz", damaged, LARGEST)
