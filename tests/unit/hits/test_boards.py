# SPDX-License-Identifier: GPL-2.0-only
"""Which boards have a device, by include closure, and what is behind it."""

from __future__ import annotations

import os
import time
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kscan.hits.boards import Boards
from kscan.hits.devicetree import Kind, statements
from kscan.hits.nodes import State, hear, node_of
from kscan.source.directory import DirectoryTree
from kscan.source.tree import LARGEST

SOC = """
/ {
    soc: soc {
        mmu: iommu@10 { compatible = "acme,mmu-2", "acme,mmu"; };
        gpu: gpu@20 { compatible = "acme,gpu"; iommus = <&mmu 1>; };
        disk: sata@30 { compatible = "acme,sata"; iommus = <&mmu 2>; status = "disabled"; };
        bus@40 { nic@0 { compatible = "acme,nic"; iommu-map = <0 &mmu 0 1>; }; };
    };
};
"""
DTS = "arch/arm64/boot/dts/acme"
WANTED = frozenset({"acme,mmu"})


def boards(tree_of, compatible: str = "acme,mmu", **files: str):
    placed = {f"{DTS}/{name.replace('__', '.')}": text for name, text in files.items()}
    return boards_in(tree_of, placed, compatible)


def boards_in(tree_of, files, compatible="acme,mmu"):
    tree = tree_of({path: dedent(text) for path, text in files.items()})
    return Boards(tree).using({"driver": frozenset({compatible})})["driver"]


def one(tree_of, board: str, **more: str):
    found = boards(tree_of, soc__dtsi=SOC, one__dts='#include "soc.dtsi"\n' + dedent(board), **more)
    assert len(found) <= 1
    return found[0] if found else None


def test_a_board_that_includes_the_node(tree_of):
    board = one(tree_of, '/ { model = "Acme One"; };\n')
    assert str(board) == f"{DTS}/one.dts (Acme One)"
    assert board.nodes == ("iommu@10",)
    assert [str(client) for client in board.clients] == ["gpu@20 (acme,gpu)", "nic@0 (acme,nic)"]


def test_any_of_the_compatibles_counts(tree_of):
    found = boards(tree_of, "acme,mmu-2", soc__dtsi=SOC, one__dts='#include "soc.dtsi"\n')
    assert [board.path for board in found] == [f"{DTS}/one.dts"]


def test_a_longer_compatible_is_another(tree_of):
    assert boards(tree_of, "acme,mmu-", soc__dtsi=SOC, one__dts='#include "soc.dtsi"\n') == ()


@pytest.mark.parametrize(
    ("override", "present"),
    [
        ('&mmu { status = "disabled"; };', False),
        ('&mmu { status = "fail"; };', False),
        ('&mmu { status = "disabled"; };\n&mmu { status = "okay"; };', True),
        ('&mmu { status = "ok"; };', True),
        ('&{/soc/iommu@10} { status = "disabled"; };', False),
        ('/ { soc { iommu@10 { status = "disabled"; }; }; };', False),
        ('&soc { iommu@10 { status = "disabled"; }; };', False),
        ('&soc { status = "disabled"; };', False),
        ('&soc { status = "disabled"; };\n&soc { /delete-property/ status; };', True),
        ("/delete-node/ &mmu;", False),
        ("&soc { /delete-node/ iommu@10; };", False),
        ("/delete-node/ &soc;", False),
        ('&mmu { compatible = "acme,other"; };', False),
        ("&mmu { /delete-property/ compatible; };", False),
        ('#define OFF\n#ifdef OFF\n&mmu { status = "disabled"; };\n#endif', False),
        ('#ifdef OFF\n&mmu { status = "disabled"; };\n#endif', True),
        ('#ifdef OFF\n#else\n&mmu { status = "disabled"; };\n#endif', False),
        ('#if 0\n#if 1\n&mmu { status = "disabled"; };\n#endif\n#endif', True),
        ('&nothing { status = "disabled"; };', True),
        ('new: &mmu { };\n&new { status = "disabled"; };', False),
    ],
)
def test_overrides_decide(tree_of, override, present):
    assert (one(tree_of, override + "\n") is not None) is present


def test_a_client_switched_on_by_the_board(tree_of):
    board = one(tree_of, '&disk { status = "okay"; };\n&gpu { status = "disabled"; };\n')
    assert [client.node for client in board.clients] == ["nic@0", "sata@30"]


def test_a_client_that_loses_its_iommu(tree_of):
    assert [c.node for c in one(tree_of, "&gpu { /delete-property/ iommus; };\n").clients] == [
        "nic@0"
    ]


def test_a_dtsi_is_no_board_and_a_dts_may_be_included(tree_of):
    found = boards(
        tree_of,
        soc__dtsi=SOC,
        one__dts='#include "soc.dtsi"\n/ { model = "One"; };\n',
        two__dts='#include "one.dts"\n/ { model = "Two"; };\n',
        off__dts='#include "one.dts"\n&mmu { status = "disabled"; };\n',
    )
    assert [board.model for board in found] == ["One", "Two"]


def test_boards_of_a_chip_do_not_hear_of_one_another(tree_of):
    found = boards(
        tree_of,
        soc__dtsi=SOC,
        a__dts='#include "soc.dtsi"\n&mmu { status = "disabled"; };\n',
        b__dts='#include "soc.dtsi"\n&gpu { status = "disabled"; };\n',
        c__dts='#include "soc.dtsi"\n',
    )
    assert {b.path[-5:]: len(b.clients) for b in found} == {"b.dts": 1, "c.dts": 2}


def test_a_define_before_the_first_include_is_heard_in_it(tree_of):
    soc = SOC + '#ifdef NO_MMU\n&mmu { status = "disabled"; };\n#endif\n'
    found = boards(
        tree_of,
        soc__dtsi=soc,
        a__dts='#define NO_MMU\n#include "soc.dtsi"\n',
        b__dts='#include "soc.dtsi"\n',
    )
    assert [board.path for board in found] == [f"{DTS}/b.dts"]


def test_a_fragment_included_inside_a_node(tree_of):
    found = boards(
        tree_of,
        part__dtsi='mmu: iommu@10 { compatible = "acme,mmu"; };\n',
        one__dts='/ { soc { status = "okay";\n#include "part.dtsi"\n}; };\n',
        off__dts='/ { soc { status = "disabled";\n#include "part.dtsi"\n}; };\n',
    )
    assert [board.path for board in found] == [f"{DTS}/one.dts"]


def test_files_of_another_directory_and_architecture(tree_of):
    files = {
        f"{DTS}/soc.dtsi": SOC,
        f"{DTS}/sub/a.dts": '#include "../soc.dtsi"\n',
        "arch/arm/boot/dts/acme/b.dts": "#include <arm64/acme/soc.dtsi>\n",
        "arch/arm/boot/dts/acme/c.dts": "#include <arm64/acme/missing.dtsi>\n",
        "drivers/of/d.dts": SOC,
    }
    found = boards_in(tree_of, files)
    assert [board.path for board in found] == ["arch/arm/boot/dts/acme/b.dts", f"{DTS}/sub/a.dts"]


def test_an_include_does_not_leave_the_tree(tree_of):
    files = {f"{DTS}/a.dts": '#include "../../../../../../../../etc/x.dtsi"\n' + SOC}
    assert len(boards_in(tree_of, files)) == 1


def test_each_driver_gets_its_own_boards_in_one_walk(tree_of):
    tree = tree_of({f"{DTS}/one.dts": dedent(SOC), f"{DTS}/two.dts": "/ { };\n"})
    wanted = {"mmu": frozenset({"acme,mmu"}), "gpu": frozenset({"acme,gpu"}), "no": frozenset()}
    found = Boards(tree).using(wanted)
    assert {key: [b.nodes for b in value] for key, value in found.items()} == {
        "mmu": [("iommu@10",)],
        "gpu": [("gpu@20",)],
        "no": [],
    }


def test_files_that_include_one_another_end(tree_of):
    loop = '#include "a.dtsi"\n#include "b.dtsi"\n'
    found = boards(tree_of, a__dtsi=loop, b__dtsi=loop, one__dts=loop + dedent(SOC))
    assert len(found) == 1


def test_a_long_file_that_includes_itself_is_read_in_linear_time(tree_of):
    again = '#include "a.dtsi"\n' * 20 + "#if 0\n#endif\n" * 30_000
    assert len(boards(tree_of, a__dtsi=again, one__dts=dedent(SOC) + again)) == 1


def test_branches_within_branches_are_followed_in_linear_time(tree_of):
    around = "#ifndef A\n" * 20_000 + '/ { mmu { compatible = "acme,mmu"; }; };\n'
    assert len(boards(tree_of, one__dts=around)) == 1
    assert boards(tree_of, one__dts=f"#if 0\n{around}") == ()


@pytest.mark.parametrize(
    ("lines", "is_there"),
    [
        ("#if 1\n#if 0\n#else\n!\n#endif\n#endif", True),
        ("#if 0\n#if 1\n!\n#else\n!\n#endif\n#else\n#endif", False),
        ("#if 0\n#if 0\n#endif\n#else\n!\n#endif", True),
        ("#if 1\n#elif 1\n!\n#else\n!\n#endif", False),
        ("#if 0\n#elif 1\n#if 1\n#endif\n!\n#endif", True),
        ("#if 0\n#endif\n#endif\n#else\n!", True),
    ],
)
def test_a_branch_counts_where_all_around_it_do(tree_of, lines, is_there):
    text = lines.replace("!", '/ { mmu { compatible = "acme,mmu"; }; };') + "\n"
    assert bool(boards(tree_of, one__dts=text)) is is_there


def test_boards_are_those_of_one_process(tmp_path, monkeypatch):
    monkeypatch.setattr("kscan.hits.boards.FEWEST", 2)
    place = tmp_path / DTS
    place.mkdir(parents=True)
    (place / "soc.dtsi").write_text(SOC)
    for number in range(9):
        board = f'#include "soc.dtsi"\n/ {{ model = "Acme {number}"; }};\n'
        (place / f"board{number}.dts").write_text(board + "\n" * (LARGEST * (number == 1)))
    wanted = {"driver": frozenset({"acme,mmu"}), "other": frozenset({"acme,none"})}
    trees = [DirectoryTree(tmp_path), DirectoryTree(tmp_path)]
    alone, shared = (Boards(tree, jobs).using(wanted) for jobs, tree in enumerate(trees, 1))
    assert alone == shared
    assert [board.model for board in alone["driver"]] == [f"Acme {n}" for n in (0, *range(2, 9))]
    assert trees[0].skips == trees[1].skips != []
    monkeypatch.setattr("kscan.workers._do", _ended)
    assert Boards(DirectoryTree(tmp_path), 2).using(wanted) == alone


def _ended(*_):
    os._exit(9)


def test_a_board_does_not_depend_on_which_was_looked_at_before(tree_of, monkeypatch):
    monkeypatch.setattr("kscan.hits.boards._MANY_STATEMENTS", 50)
    long = "".join(f'/ {{ n{number} {{ compatible = "x"; }}; }};\n' for number in range(60))
    files = {
        f"{DTS}/soc.dtsi": '#include "mmu.dtsi"\n',
        f"{DTS}/mmu.dtsi": SOC,
        f"{DTS}/b.dts": '#include "soc.dtsi"\n',
    }
    alone = boards_in(tree_of, files)
    beside = boards_in(tree_of, {**files, f"{DTS}/a.dts": f'#include "soc.dtsi"\n{long}'})
    assert [board.path for board in alone] == [f"{DTS}/b.dts"]
    assert beside[-1] == alone[0]


@given(
    st.lists(
        st.sampled_from(
            [
                '&soc { a { compatible = "acme,mmu"; b { status = "disabled"; }; }; };',
                '/ { soc { a { b { compatible = "acme,mmu"; iommus = <&mmu 3>; }; }; }; };',
                "&soc { /delete-node/ a; };",
                "/ { soc { a { /delete-node/ b; }; }; };",
                "/delete-node/ &soc;",
                "/delete-node/ &unheard;",
                '&unheard { c { compatible = "acme,mmu"; }; };',
                "&unheard { /delete-node/ c; };",
                '&soc { a { b { status = "okay"; }; }; };',
                '/ { ab { compatible = "acme,mmu"; }; };',
                "/ { /delete-node/ a; };",
            ]
        ),
        max_size=12,
    )
)
@settings(max_examples=80, suppress_health_check=list(HealthCheck), deadline=None)
def test_deleting_leaves_what_a_look_at_every_node_would(said: list[str]) -> None:
    state, plain = State(), State()
    for text in ('/ { soc: soc { compatible = "x"; }; };', *said):
        for statement in statements(text.encode()):
            hear(statement, state, "", WANTED)
            if statement.kind is not Kind.DELETE:
                hear(statement, plain, "", WANTED)
                continue
            path = node_of(statement, plain, "")
            for table in (plain.statuses, plain.compatibles, plain.matching):
                for known in [p for p in table if p == path or p.startswith(f"{path}/")]:
                    del table[known]
            for pair in [p for p in plain.masters if f"{p[0]}/".startswith(f"{path}/")]:
                del plain.masters[pair]
    assert (state.statuses, state.compatibles) == (plain.statuses, plain.compatibles)
    assert (state.matching, state.masters) == (plain.matching, plain.masters)


def test_nodes_are_deleted_in_the_time_their_number_takes():
    many = "".join(f'n{n} {{ compatible = "x"; }};\n' for n in range(20_000))
    gone = "".join(f"/delete-node/ n{n};\n" for n in range(20_000))
    said = statements(f"/ {{\n{many}}};\n/ {{\n{gone}}};\n".encode())
    state, began = State(), time.process_time()
    for statement in said:
        hear(statement, state, "", WANTED)
    assert time.process_time() - began < 5
    assert not state.compatibles
