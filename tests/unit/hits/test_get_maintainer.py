# SPDX-License-Identifier: GPL-2.0-only
"""MAINTAINERS and .mailmap, as scripts/get_maintainer.pl reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import MemoryTree

from kscan.hits import mailmap
from kscan.hits.get_maintainer import maintainers, parsed, sections
from kscan.hits.mailmap import Mailbox
from kscan.hits.patterns import glob, regex

HEAD = """\
List of maintainers
===================
Descriptions of section entries:

	M: *Mail* patches to

"""
REST = """
THE REST
M:	Linus Torvalds <torvalds@linux-foundation.org>
L:	linux-kernel@vger.kernel.org
S:	Buried alive in reporters
F:	*
F:	*/
"""


def asked(tree_of, entries: str, path: str = "drivers/foo/a.c", **files: str):
    tree = tree_of({"MAINTAINERS": HEAD + entries + REST, path: "int x;\n", **files})
    return [(m.name, m.email, m.role) for m in maintainers(tree, path)]


FOO = """
FOO DRIVER
M:	Ada Foo <ada@foo.example>
R:	"Bar, Bea" <bea@foo.example> (reviews)
L:	foo@lists.example (moderated for non-subscribers)
L:	foo-internal@lists.example (subscribers-only)
S:	Supported
F:	drivers/foo/
"""


def test_people_then_lists_and_the_chief_reads_no_mail(tree_of):
    assert asked(tree_of, FOO) == [
        ("Ada Foo", "ada@foo.example", "supporter:FOO DRIVER"),
        ("Bar, Bea", "bea@foo.example", "reviewer:FOO DRIVER"),
        ("", "foo@lists.example", "moderated list:FOO DRIVER"),
        ("", "linux-kernel@vger.kernel.org", "open list"),
    ]


def test_a_file_nobody_claims_goes_to_the_list(tree_of):
    assert asked(tree_of, FOO, "mm/x.c") == [("", "linux-kernel@vger.kernel.org", "open list")]


@pytest.mark.parametrize(("path", "claims"), [("external/foo/a.c", False), ("externals/a.c", True)])
def test_nobody_answers_for_what_stands_beside_the_tree(tree_of, path, claims):
    assert bool(asked(tree_of, FOO.replace("F:\tdrivers/foo/", "N:\tfoo"), path)) is claims


@pytest.mark.parametrize(
    ("status", "role"),
    [
        ("Supported", "supporter"),
        ("Maintained", "maintainer"),
        ("Odd Fixes", "odd fixer"),
        ("Orphan", "orphan minder"),
        ("Obsolete", "obsolete minder"),
        ("Something else", "something else"),
        (None, "unknown"),
    ],
)
def test_roles_by_status(tree_of, status, role):
    line = f"S:\t{status}\n" if status else ""
    entry = f"\nFOO\nM:\tAda <a@x.example>\n{line}F:\tdrivers/foo/\n"
    assert asked(tree_of, entry)[0][2] == f"{role}:FOO"


def test_a_long_title_is_cut_as_the_script_cuts_it(tree_of):
    title = "A TITLE THAT IS CERTAINLY LONGER THAN FIFTY CHARACTERS"
    entry = f"\n{title}\nM:\tAda <a@x.example>\nS:\tMaintained\nF:\tdrivers/foo/\n"
    assert asked(tree_of, entry)[0][2] == f"maintainer:{title[:47].rstrip()}..."


def test_the_deeper_pattern_is_asked_first_and_a_person_once(tree_of):
    entries = """
ALL DRIVERS
M:	Ada Foo <ada@other.example>
M:	Cy Dee <cy@foo.example>
S:	Maintained
F:	drivers/

FOO
M:	Ada Foo <ada@foo.example>
S:	Maintained
F:	drivers/foo/a.c
"""
    assert [m[:3] for m in asked(tree_of, entries)[:2]] == [
        ("Ada Foo", "ada@foo.example", "maintainer:FOO"),
        ("Cy Dee", "cy@foo.example", "maintainer:ALL DRIVERS"),
    ]


@pytest.mark.parametrize(
    ("pattern", "path", "claims"),
    [
        ("drivers/foo/", "drivers/foo/b/c.c", True),
        ("drivers/foo", "drivers/foo/b.c", True),
        ("drivers/foo", "drivers/foobar.c", True),
        ("drivers/foo", "drivers/foobar/b.c", False),
        ("drivers/foo/a.c", "drivers/foo/a.c", True),
        ("drivers/foo/a.c", "drivers/foo/aXc", False),
        ("drivers/*/a.c", "drivers/foo/a.c", True),
        ("drivers/*/a.c", "drivers/foo/bar/a.c", False),
        ("drivers/f*", "drivers/foo.c", True),
        ("drivers/f*", "drivers/foo/a.c", False),
        ("drivers/f*/", "drivers/foo/bar/a.c", True),
        ("drivers/fo?.c", "drivers/foo.c", True),
        ("drivers/foo.[ch]", "drivers/foo.h", True),
        ("drivers/foo.[ch]", "drivers/foo.S", False),
        ("*", "Makefile", True),
        ("*", "drivers/foo.c", False),
        ("*/", "drivers/foo.c", True),
    ],
)
def test_globs(pattern, path, claims):
    (section,) = parsed(f"FOO\nF:\t{pattern}\n".encode())
    assert section.files[0].matches(path) is claims


def test_an_excluded_file_is_not_claimed(tree_of):
    entry = FOO + "X:\tdrivers/foo/a.c\n"
    assert len(asked(tree_of, entry)) == 1
    assert len(asked(tree_of, entry, "drivers/foo/b.c")) == 4


def test_a_name_pattern_claims_by_the_path(tree_of):
    entry = "\nFOO SOC\nM:\tAda <a@x.example>\nS:\tMaintained\nN:\tfoo[0-9]\nN:\t[^a-z]fox\n"
    assert asked(tree_of, entry, "arch/arm/foo7.c")[0][0] == "Ada"
    assert asked(tree_of, entry, "arch/arm/fox.c")[0][0] == "Ada"
    assert len(asked(tree_of, entry, "arch/arm/afox.c")) == 1


KEYWORD = "\nFOO API\nM:\tAda <a@x.example>\nS:\tMaintained\nK:\t\\bfoo_(get|put)\\b\n"


def test_keywords_count_where_the_trees_script_takes_them(tree_of):
    old = {"scripts/get_maintainer.pl": "#!/usr/bin/env perl\n"}
    path = "drivers/bar.c"
    assert len(asked(tree_of, KEYWORD, path, **old)) == 1
    files = {"MAINTAINERS": HEAD + KEYWORD + REST, path: "void x(void) { foo_get(); }\n"}
    assert maintainers(tree_of({**files, **old}), path)[0].name == "Ada"


def test_keywords_do_not_count_where_the_script_has_an_option_for_them(tree_of):
    new = {"scripts/get_maintainer.pl": "'kf|keywords-in-file!'\n"}
    path = "drivers/bar.c"
    files = {"MAINTAINERS": HEAD + KEYWORD + REST, path: "void x(void) { foo_get(); }\n"}
    assert len(maintainers(tree_of({**files, **new}), path)) == 1


def test_no_maintainers_file(tree_of):
    tree = tree_of({"a.c": ""})
    assert sections(tree) == ()
    assert maintainers(tree, "a.c") == ()


MAILMAP = """\
# comment
Ada Lovelace <ada@new.example> <ada@foo.example>
Present Name <bea@foo.example>
Cy Dee <cy@new.example> Wrong Name <cy@foo.example>
not an entry
"""


def test_people_go_by_their_present_names(tree_of):
    found = asked(tree_of, FOO, **{".mailmap": MAILMAP})
    assert found[0][:2] == ("Ada Lovelace", "ada@new.example")
    assert found[1][:2] == ("Present Name", "bea@foo.example")


def test_a_mailmap_entry_may_ask_for_the_name_as_well():
    known = mailmap.parsed(MAILMAP.encode())
    assert known.current(Mailbox("Wrong Name", "cy@foo.example")).address == "cy@new.example"
    assert known.current(Mailbox("Other", "cy@foo.example")).address == "cy@foo.example"


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_nothing_but_a_newline_ends_a_line(tree_of, odd):
    entries = FOO.replace("M:\t", f"M:\t{odd}")
    assert asked(tree_of, entries)[0][:2] == ("Ada Foo", "ada@foo.example")
    known = mailmap.parsed(f"Ada {odd} L <ada@new.example> <ada@foo.example>\n".encode())
    assert known.by_address == {"ada@foo.example": (f"Ada {odd} L", "ada@new.example")}


LETTERS = st.sampled_from(
    [b"M:\t", b"R:\t", b"L: ", b"S:\t", b"F:\t", b"X:", b"N:\t", b"K:\t", b""]
)
VALUES = st.sampled_from([
    b"Ada Foo <ada@foo.example>", b'"Foo, Bea" <bea@foo.example>, c@foo.example',
    b"c@foo.example", b"<c@foo.example>", b"foo@lists.example (moderated)", b"Supported",
    b"Odd Fixes", b"drivers/foo/", b"drivers/*/a[.]c", b"drivers/f?o/*", b"*", b"*/", b"foo",
    b"[^a-z]foo", b"(a|b)+", b"\\bint\\b", b"FOO DRIVER", b"# remark", b"\xff", b"\x0c", b"\0",
    b"\xc3\x9f",
])  # fmt: skip
ENTRIES = st.lists(st.tuples(LETTERS, VALUES | st.binary(max_size=6)).map(b"".join), max_size=20)


@given(ENTRIES, st.lists(VALUES, max_size=6), st.booleans())
def test_any_bytes_are_read_and_nobody_is_asked_twice(entries, people, counts):
    tree = MemoryTree({"drivers/foo/a.c": "int x;\n"})
    tree.files |= {"MAINTAINERS": b"\n".join(entries), ".mailmap": b"\n".join(people)}
    tree.files |= {"scripts/get_maintainer.pl": b"#!/usr/bin/perl\n"} if counts else {}
    found = maintainers(tree, "drivers/foo/a.c")
    named = [person.email.lower() for person in found if person.name]
    assert len(named) == len(set(named))
    assert not any("\n" in text for one in found for text in (one.name, one.email, one.role))


@pytest.mark.parametrize(
    ("value", "boxes"),
    [
        ("Ada Foo <a@x.example>", [("Ada Foo", "a@x.example")]),
        ('"Foo, Ada" <a@x.example>', [("Foo, Ada", "a@x.example")]),
        ("a@x.example", [("", "a@x.example")]),
        ("Ada <a@x.example>, Bea <b@x.example>", [("Ada", "a@x.example"), ("Bea", "b@x.example")]),
        ("Enrico, metux IT <info@x.example>", [("Enrico, metux IT", "info@x.example")]),
        ("nobody", []),
    ],
)
def test_mailboxes(value, boxes):
    assert [(box.name, box.address) for box in mailmap.mailboxes(value)] == boxes


@pytest.mark.parametrize("letter", ["N", "K", "F"])
@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "(", "(a{1,99}){1,99}b", "*a" * 60, "[z-a]"]
)
def test_a_hostile_pattern_claims_nothing_and_costs_nothing(tree_of, letter, pattern):
    entry = f"\nFOO\nM:\tAda <a@x.example>\nS:\tMaintained\n{letter}:\t{pattern}\n"
    found = asked(tree_of, entry, "a" * 60 + ".c", **{"scripts/get_maintainer.pl": ""})
    assert len(found) == 1


def test_a_deep_glob_says_how_deep_it_is():
    depths = [glob(text).depth for text in ("*", "drivers/", "drivers/foo", "drivers/foo/")]
    assert depths == [-1, 1, 2, 2]


@pytest.mark.parametrize(
    "pattern",
    ["N:\t" + "a?" * 130 + "a" * 100, "N:\t" + "(a|a)" * 60 + "b", "F:\tdrivers/*a*a*a*a*b"],
)
def test_a_pattern_cannot_take_its_time(tree_of, pattern):
    path = f"drivers/{'/'.join(['a' * 200] * 15)}/a.c"
    assert asked(tree_of, f"FOO\nM:\tA <a@b>\n{pattern}\n", path)[:-1] == []


def test_patterns_of_the_kernel_are_understood(tree_of):
    for pattern in (
        r"^.*/vdso/[^/]*getrandom[^/]+$",
        r"phylink\.h|struct\s+phylink|>phylink_|phylink_(autoneg|clear|connect|create|destroy|set)",
        r"\b(?:devm_|of_)?reset_control(?:ler_[a-z]+|_[a-z_]+)?\b",
        r"(devm_)?hwmon_device_(un)?register(|_with_groups|_with_info)",
    ):
        assert regex(pattern) is not None


@pytest.mark.parametrize("piece", [" ", ",", ", a", "@", ',"', "a ", '"', ",\t"])
def test_hostile_people_are_read_in_linear_time(piece):
    much = piece * 400_000
    mailmap.mailboxes(f"a@b, {much}x@")
    mailmap.mailboxes(f"a <{much}x")
    mailmap.parsed(f"<a>{much}x".encode())


@pytest.mark.parametrize(
    ("value", "several"),
    [
        ("a@b, c@d", 2),
        ("A <a@b>, B <c@d>", 2),
        ('"A, B" <a@b>, C <c@d>', 2),
        ('C <c@d>, "A, B" <a@b>', 2),
        ('a@b, "c"d@e', 2),
        ("A, B <c@d> (x@y)", 1),
        ("a@b, c, d@e", 2),
    ],
)
def test_mailboxes_are_parted_at_commas(value, several):
    assert len(mailmap.mailboxes(value)) == several


def test_a_section_of_many_people_is_read_in_linear_time(tree_of):
    people = "".join(f"M:\tA{number} <a{number}@b>\n" for number in range(40_000))
    assert len(asked(tree_of, f"FOO\n{people}F:\tdrivers/foo/\n")) == 40_001
