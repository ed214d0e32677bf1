# SPDX-License-Identifier: GPL-2.0-only
"""The fixes of the labelled bugs of a whole kernel: git takes each, and its finding goes."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore, Store
from kscan.model import Finding
from kscan.program.succession import succession
from kscan.rules import rules
from kscan.source.open import open_tree
from kscan.source.patched import PatchedTree

LABELS = csv.DictReader((Path(__file__).parent / "labels.csv").read_text().splitlines())
BUGGY = [(row["file"], row["rule"]) for row in LABELS if row["verdict"] == "BUGGY"]

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def audit(tree_6_12: Path, store: Store) -> Audit:
    return Audit(open_tree(tree_6_12), Options(hits=False), store)


@pytest.fixture(scope="module")
def findings(audit: Audit) -> tuple[Finding, ...]:
    return tuple(audit.findings(rules()))


def applied(tree: Path, patch: str, target: Path) -> dict[str, bytes]:
    paths = re.findall(r"^\+\+\+ b/(.*)$", patch, re.MULTILINE)
    for path in paths:
        (target / path).parent.mkdir(parents=True)
        shutil.copy(tree / path, target / path)
    command = ["git", "apply", "--whitespace=error-all", "-"]
    subprocess.run(command, cwd=target, input=patch.encode(), check=True)
    return {path: (target / path).read_bytes() for path in paths}


@pytest.mark.parametrize(("path", "rule"), BUGGY, ids=[path for path, _ in BUGGY])
def test_the_diff_of_a_labelled_bug_mends_it(
    path: str, rule: str, audit: Audit, findings: tuple[Finding, ...], tree_6_12: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    about = [f for f in findings if (f.primary.path, f.rule) == (path, rule)]
    patches = {f.fix.patch for f in about if f.fix}
    assert about and len(patches) == 1
    changes = applied(tree_6_12, patches.pop(), tmp_path)
    assert set(changes) == {path}
    patched = PatchedTree(audit.tree, changes)
    earlier = succession(audit.program, audit.tree, patched, changes, NullStore())
    after = Audit(patched, audit.options, NullStore(), earlier=earlier).findings(rules())
    left = {f.fingerprint for f in after}
    assert left == {f.fingerprint for f in findings} - {f.fingerprint for f in about}


def test_where_the_error_labels_would_have_to_change_there_is_a_sentence(
    findings: tuple[Finding, ...],
) -> None:
    about = [f for f in findings if f.primary.path == "drivers/iommu/sprd-iommu.c"]
    said = {f.subject.name: f.fix for f in about if f.subject is not None}
    ways = {
        "sprd_iommu_device.ver": "register last and put the error labels in order by hand",
        "sprd_iommu_device.eb": "it has to be switched off again where the registration fails",
    }
    assert said.keys() == ways.keys()
    for name, fix in said.items():
        assert fix is not None and fix.patch == ""
        assert ways[name] in fix.sentence
