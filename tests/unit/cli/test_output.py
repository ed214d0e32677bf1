# SPDX-License-Identifier: GPL-2.0-only
"""Files that are asked for: whole, or as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kscan.cli.output import put, refuse_unwritable
from kscan.model import KscanError


def test_a_file_is_made_and_taken_the_place_of(tmp_path: Path) -> None:
    place = tmp_path / "report"
    mask = os.umask(0o027)
    try:
        put(place, "first …")
    finally:
        os.umask(mask)
    assert place.stat().st_mode & 0o777 == 0o640
    place.chmod(0o604)
    put(str(place), b"second")
    assert place.read_bytes() == b"second"
    assert place.stat().st_mode & 0o777 == 0o604
    assert list(tmp_path.iterdir()) == [place]


def test_what_a_link_leads_to_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to("target")
    for content in ("first", "second"):
        put(link, content)
        assert link.is_symlink() and target.read_text() == content


def test_a_device_and_a_pipe_are_written(tmp_path: Path) -> None:
    put("/dev/null", "lost")
    assert Path("/dev/null").is_char_device()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE) as reader:
        put(fifo, "through")
        assert reader.communicate()[0] == b"through"
    code = "from kscan.cli.output import put; put('/dev/stdout', 'out')"
    piped = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert piped.stdout == b"out"
    redirected = tmp_path / "redirected"
    with redirected.open("wb") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert redirected.read_bytes() == b"out"


def test_what_stood_there_stays_until_all_is_written(tmp_path: Path) -> None:
    place = tmp_path / "report"
    place.write_text("earlier")
    code = (
        "import resource, sys; from kscan.cli.output import put\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        f"put({str(place)!r}, 'x' * 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"KscanError: {place}: file too large: give a file" in done.stderr
    assert place.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize("name", ["no/such/file", ".", "nul\0", "file/below"])
@pytest.mark.parametrize("way", [lambda place: put(place, "x"), refuse_unwritable])
def test_what_cannot_be_written_is_one_line(
    name: str, way: Callable[[str], None], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KscanError, match="that can be written") as caught:
        way(f"{tmp_path}/{name}")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_what_can_be_written_is_not_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("new")
    for place in ("file", "link", "new"):
        refuse_unwritable(tmp_path / place)
    refuse_unwritable("/dev/stdout")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]
