# SPDX-License-Identifier: GPL-2.0-only
"""Who is hit, on whole kernels: boards against a second method, people against the script."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kscan.hits import firmware, who
from kscan.hits.get_maintainer import maintainers
from kscan.source.directory import DirectoryTree

pytestmark = pytest.mark.kernel

ROCKCHIP = "drivers/iommu/rockchip-iommu.c"
IPMMU = "drivers/iommu/ipmmu-vmsa.c"
MEDIATEK = "drivers/iommu/mtk_iommu.c"
DTS = "arch/arm64/boot/dts"


@pytest.fixture(scope="module")
def tree(tree_6_12: Path) -> DirectoryTree:
    return DirectoryTree(tree_6_12)


@pytest.fixture(scope="module")
def answers(tree: DirectoryTree):
    return who.hits_of(tree, [ROCKCHIP, IPMMU, MEDIATEK])


def paths_of(boards: tuple[str, ...]) -> set[str]:
    return {board.partition(" ")[0] for board in boards}


def test_the_rockchip_driver_is_on_the_odroid_m1(answers):
    hit = answers[ROCKCHIP]
    assert f"{DTS}/rockchip/rk3568-odroid-m1.dts (Hardkernel ODROID-M1)" in hit.boards
    assert hit.config == ("CONFIG_ROCKCHIP_IOMMU",)
    assert "arch/arm64/configs/defconfig" in hit.defconfigs
    assert {"rockchip,iommu", "rockchip,rk3568-iommu"} <= set(hit.compatibles)


def test_the_ipmmu_driver_is_on_the_salvator_xs_boards_with_their_disk(answers):
    hit = answers[IPMMU]
    salvator_xs = {path for path in paths_of(hit.boards) if path.endswith("salvator-xs.dts")}
    assert f"{DTS}/renesas/r8a77965-salvator-xs.dts" in salvator_xs
    assert len(salvator_xs) >= 4
    assert any(client.startswith("sata@ee300000 ") for client in hit.clients)


def test_the_mediatek_driver_is_on_the_juniper_boards(answers):
    junipers = {path for path in paths_of(answers[MEDIATEK].boards) if "juniper" in path}
    assert f"{DTS}/mediatek/mt8183-kukui-jacuzzi-juniper-sku16.dts" in junipers


@pytest.mark.parametrize("driver", [ROCKCHIP, IPMMU, MEDIATEK])
def test_boards_agree_with_a_search_of_the_lines(tree_6_12, tree, answers, driver):
    compatibles = set(firmware.matches(tree, driver).compatibles)
    assert paths_of(answers[driver].boards) == boards_by_lines(tree_6_12, compatibles)


@pytest.mark.skipif(shutil.which("perl") is None, reason="the script is in perl")
@pytest.mark.parametrize("version", ["tree_6_12", "tree_6_1"])
def test_maintainers_agree_with_the_script(request, version):
    root = request.getfixturevalue(version)
    tree = DirectoryTree(root)
    suffixes = (".c", ".h", ".S", ".dts", ".dtsi", ".rst", ".txt", "Kconfig", "Makefile")
    chosen = random.Random(6).sample([p for p in tree.paths() if p.endswith(suffixes)], 60)
    differing = [
        path
        for path in chosen
        if {(m.name, m.email) for m in maintainers(tree, path)} != by_the_script(root, path)
    ]
    assert len(differing) <= 2, differing


_ANSWER = re.compile(r'^(?:"?(.*?)"? <)?([^<> ]+@[^<> ]+?)>? \(.*\)$')


def by_the_script(root: Path, path: str) -> set[tuple[str, str]]:
    done = subprocess.run(
        ["perl", "scripts/get_maintainer.pl", "--nogit", "--nogit-fallback", "-f", path],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [_ANSWER.match(line) for line in done.stdout.splitlines()]
    return {(answer[1] or "", answer[2]) for answer in answers if answer}


# The second method: includes spliced as lines, then braces counted; no grammar.


def boards_by_lines(root: Path, compatibles: set[str]) -> set[str]:
    names = re.compile("|".join(f'"{re.escape(name)}"' for name in compatibles))
    mentioning: dict[Path, bool] = {}
    return {
        str(path.relative_to(root))
        for path in root.glob("arch/*/boot/dts/**/*.dts")
        if mentions(root, path, names, mentioning) and has_enabled(spliced(root, path), compatibles)
    }


def mentions(root: Path, path: Path, names: re.Pattern[str], known: dict[Path, bool]) -> bool:
    if path not in known:
        known[path] = False
        lines = lines_of(path)
        known[path] = any(names.search(line) for line in lines) or any(
            mentions(root, target, names, known)
            for line in lines
            if (target := included(root, path, line)) is not None
        )
    return known[path]


def included(root: Path, path: Path, line: str) -> Path | None:
    named = re.match(r'\s*(?:#\s*include|/include/)\s*["<](.*?\.dtsi?)[">]', line)
    if named is None:
        return None
    arch, _, rest = named[1].partition("/")
    for target in (path.parent / named[1], root / f"arch/{arch}/boot/dts/{rest}"):
        if target.is_file():
            return target.resolve()
    return None


_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_LINES: dict[Path, list[str]] = {}


def lines_of(path: Path) -> list[str]:
    if path not in _LINES:
        text = _COMMENT.sub(" ", path.read_text(encoding="utf-8", errors="replace"))
        text = re.sub(r"\\\n", " ", text)
        text = re.sub(r"([{;}])(?!\n)", r"\1\n", text)
        _LINES[path] = text.split("\n")
    return _LINES[path]


def spliced(root: Path, path: Path, defined: set[str] | None = None) -> list[str]:
    defined = set() if defined is None else defined
    out: list[str] = []
    taken = [True]
    for line in lines_of(path):
        words = line.split()
        if words[:1] in (["#ifdef"], ["#ifndef"]):
            taken.append((words[1] in defined) == (words[0] == "#ifdef"))
        elif words[:1] == ["#if"]:
            taken.append(True)
        elif words[:1] == ["#else"]:
            taken[-1] = not taken[-1]
        elif words[:1] == ["#endif"]:
            taken.pop()
        elif all(taken):
            if words[:1] == ["#define"]:
                defined.add(words[1])
            target = included(root, path, line)
            if target is not None:
                out += spliced(root, target, defined)
            else:
                out.append(line)
    return out


def has_enabled(lines: list[str], compatibles: set[str]) -> bool:
    labels: dict[str, str] = {}
    status: dict[str, str] = {}
    having: dict[str, bool] = {}
    stack = [""]
    statement = ""
    for line in lines:
        statement += " " + line
        if not line.rstrip().endswith(("{", ";", "}")):
            continue
        text, statement = statement.strip(), ""
        if text.endswith("{"):
            *names, node = text[:-1].replace(":", ": ").split() or [""]
            path = labels.get(node[1:], node) if node[:1] == "&" else f"{stack[-1]}/{node}"
            labels.update({name.rstrip(":"): path for name in names if name.endswith(":")})
            stack.append("" if node == "/" else path)
        elif text.startswith("}") and len(stack) > 1:
            stack.pop()
        elif deleted := re.match(r"/delete-node/\s*(\S+?);", text):
            gone = deleted[1]
            path = labels.get(gone[1:], gone) if gone[:1] == "&" else f"{stack[-1]}/{gone}"
            for table in (status, having):
                for known in [k for k in table if k == path or k.startswith(path + "/")]:
                    del table[known]
        elif re.match(r"status\s*=", text):
            status[stack[-1]] = text.split('"')[1]
        elif re.match(r"compatible\s*=", text):
            having[stack[-1]] = bool(set(re.findall(r'"([^"]*)"', text)) & compatibles)
    return any(
        has and all(status.get(above, "okay") in ("okay", "ok") for above in ancestry(path))
        for path, has in having.items()
    )


def ancestry(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(2, len(parts) + 1)]
