# SPDX-License-Identifier: GPL-2.0-only
"""Drivers with more of something than anybody writes: a bound that is told, no matter of hours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sample_trees
from click.testing import CliRunner

from kscan.audit import Audit, Options
from kscan.cli.commands import kscan
from kscan.execution.execute import Execution
from kscan.facts.store import NullStore
from kscan.flow.depth import DEPTH
from kscan.flow.onward import Onward
from kscan.flow.ownership import MOST_OWNED
from kscan.hazards.instance import MOST_LATE
from kscan.source.open import open_tree
from kscan.window.registrations import MOST_BESIDE

MANY = MOST_LATE + 20

DRIVER = """
#include <linux/iommu.h>
%s
static int many_of_xlate(struct device *dev, const struct of_phandle_args *args)
{
%s	return 0;
}
static const struct iommu_ops many_ops = { .of_xlate = many_of_xlate };
static int many_probe(struct platform_device *pdev)
{
	struct many *many = devm_kzalloc(&pdev->dev, 8, GFP_KERNEL);
	int ret = iommu_device_register(&many->iommu, &many_ops, &pdev->dev);

	if (ret)
		return ret;
%s	return 0;
}
"""


def driver(number: int, read: int | None = None) -> str:
    """One with a `number` of late globals, the first of which are read: all unless told."""
    each = range(number)
    declared = "".join(f"static int *own{n};\n" for n in each)
    reads = "".join(f"\t*own{n} = 1;\n" for n in each[:read])
    return DRIVER % (declared, reads, "".join(f"\town{n} = many->own;\n" for n in each))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("crowded")
    return sample_trees.materialise(
        sample_trees.SAMPLE_TREES / "probe-path/1-new-probe-path", place
    )


@pytest.fixture
def crowded(story: Path) -> Iterator[Path]:
    (story / "drivers/iommu/many.c").write_text(driver(MANY))
    yield story
    (story / "drivers/iommu/many.c").unlink()


def test_of_very_many_late_places_the_first_are_looked_at_and_that_is_told(
    crowded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    reports = [
        Audit(open_tree(crowded), Options(hits=False), NullStore(), jobs=jobs).report()
        for jobs in (1, 2)
    ]
    assert reports[0].findings == reports[1].findings
    assert reports[0].skips == reports[1].skips
    (skip,) = reports[0].skips
    assert (skip.path, skip.reason) == (
        "drivers/iommu/many.c",
        f"many_probe() is late with {MANY} places that callbacks touch: "
        f"only the first {MOST_LATE} are looked at",
    )
    names = {f.subject.name for f in reports[0].findings if f.subject and "own" in f.subject.name}
    assert names == {f"own{n}" for n in range(MOST_LATE)}


def test_what_was_left_out_is_fatal_when_strict(crowded: Path) -> None:
    line = ["audit", str(crowded), "--no-cache", "-f", "json", "--strict"]
    done = CliRunner().invoke(kscan, line)
    assert done.exit_code == 2
    assert [skip["path"] for skip in json.loads(done.stdout)["skips"]] == ["drivers/iommu/many.c"]


def test_late_places_that_nobody_reads_cost_no_execution(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []
    run = Execution.run

    def counted(self: Execution, function, *rest, **more):
        runs.append(function.name)
        return run(self, function, *rest, **more)

    monkeypatch.setattr(Execution, "run", counted)
    place = story / "drivers/iommu/many.c"
    numbers = []
    for many in (2, 4 * MOST_LATE):
        place.write_text(driver(many, read=2))
        runs.clear()
        assert not Audit(open_tree(story), Options(hits=False), NullStore(), jobs=1).report().skips
        numbers.append(len(runs))
    place.unlink()
    assert numbers[0] == numbers[1]


def deep(number: int) -> str:
    """One whose callback reads below a `number` of calls."""
    last = f"static void call{number}(void)\n{{\n\t*own = 1;\n}}\n"
    calls = "".join(
        f"static void call{n}(void)\n{{\n\tcall{n + 1}();\n}}\n" for n in range(1, number)
    )
    return DRIVER % (f"static int *own;\n{last}{calls}", "\tcall1();\n", "\town = many->own;\n")


def test_calls_nested_too_deep_to_be_followed_are_told(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kscan.sharing.FEWEST_FILES", 0)
    place = story / "drivers/iommu/many.c"
    said = f"many_of_xlate(): calls nested more than {DEPTH} deep below it are not followed"
    for number, found, reasons in ((DEPTH, {"own"}, []), (4 * DEPTH, set(), [said])):
        place.write_text(deep(number))
        for jobs in (1, 2):
            report = Audit(open_tree(story), Options(hits=False), NullStore(), jobs=jobs).report()
            names = {f.subject.name for f in report.findings if f.primary.path.endswith("many.c")}
            assert (names, [skip.reason for skip in report.skips]) == (found, reasons)
    line = ["audit", str(story), "--no-cache", "--strict"]
    assert CliRunner().invoke(kscan, line).exit_code == 2
    place.unlink()


def looking_up(number: int) -> str:
    """One whose callback takes a `number` of references, and puts none."""
    looks = "".join(
        f"\tstruct platform_device *own{n} = of_find_device_by_node(args->np);\n\n"
        f"\tif (!own{n})\n\t\treturn -ENODEV;\n"
        for n in range(number)
    )
    return DRIVER % ("", looks, "")


def registering(number: int) -> str:
    """One that registers a `number` of times before it sets what the callback reads."""
    call = "\tret = iommu_device_register(&many->iommu, &many_ops, &pdev->dev);\n"
    return DRIVER % (
        "static int *own;\n",
        "\t*own = 1;\n",
        call * (number - 1) + "\town = many->own;\n",
    )


@pytest.mark.parametrize(
    ("made", "most", "said"),
    [
        (
            looking_up, MOST_OWNED,
            "many_of_xlate(): of the objects that it acquires only the first 100 are followed",
        ),
        (
            registering, MOST_BESIDE,
            "many_probe(): of the registrations in it only the first 50 are looked at",
        ),
    ],
)  # fmt: skip
def test_of_very_many_in_one_function_the_first_are_looked_at(
    story: Path, made: Callable[[int], str], most: int, said: str
) -> None:
    place = story / "drivers/iommu/many.c"
    for number, reasons in ((most, []), (most + 5, [said])):
        place.write_text(made(number))
        report = Audit(open_tree(story), Options(hits=False), NullStore(), jobs=1).report()
        assert sum(f.primary.path.endswith("many.c") for f in report.findings) == most
        assert [skip.reason for skip in report.skips] == reasons
    place.unlink()


def test_an_object_is_followed_as_often_as_ever_beside_many_others(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[str] = []
    ends = Onward.ends

    def counted(self: Onward, *rest, **more):
        followed.append(self.function.name)
        return ends(self, *rest, **more)

    monkeypatch.setattr(Onward, "ends", counted)
    place = story / "drivers/iommu/many.c"
    numbers = []
    for many in (2, 12, 22):
        place.write_text(looking_up(many))
        followed.clear()
        Audit(open_tree(story), Options(hits=False), NullStore(), jobs=1).report()
        numbers.append(followed.count("many_of_xlate"))
    place.unlink()
    assert numbers[1] - numbers[0] == numbers[2] - numbers[1] > 0
