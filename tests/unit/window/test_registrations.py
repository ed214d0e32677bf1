# SPDX-License-Identifier: GPL-2.0-only
"""Which calls are registrations, and the ops table that each publishes."""

from __future__ import annotations

from textwrap import indent

import pytest
from text_tree import TextTree, case_of
from windows import tree

from kscan.audit import Audit, Options
from kscan.change.answers import AskedTree
from kscan.change.contents import Contents
from kscan.facts.store import NullStore
from kscan.hazards.unseen import unseen
from kscan.model import Confidence, Skip

NO_MEMBER = "this tree has no such member in struct iommu_ops or iommu_domain_ops"
TABLE = """
struct foo { struct iommu_device iommu; struct iommu_ops held, spare;
             const struct iommu_ops *beside, *nowhere; };
static int foo_of_xlate(struct device *dev) { return 0; }
static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
struct wide { int extra; struct foo other; struct iommu_ops ops; };
static struct wide *current;
static struct wide wide = { .ops = { .of_xlate = foo_of_xlate } };
static const struct iommu_ops *chosen(void) { return &foo_ops; }
static const struct iommu_ops old_ops = { .of_xlate = foo_of_xlate };
#define OPS(which) which##_ops
#define OPS_OF(which) (&OPS(which))
"""
OLD = "int iommu_device_register(struct iommu_device *i)"


def driver(body: str, *, old: bool = False) -> str:
    """A tree with a probe function of this body; `old` takes the table from another argument."""
    code = f"{TABLE}static int probe(struct device *dev, struct foo *foo)\n{{\n{body}\n}}\n"
    text = tree(drivers__iommu__foo_c=code)
    if old:
        start = text.index("    int iommu_device_register(")
        end = text.index("{", start)
        text = f"{text[:start]}    {OLD}\n    {text[end:]}"
    return text


def published(text: str) -> list[tuple[str, ...]]:
    return [registration.published for registration in case_of(text).registrations]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("return iommu_device_register(&foo->iommu, &foo_ops, dev);", [("foo_ops",)]),
        ("return iommu_device_register(&foo->iommu, chosen(), dev);", [("foo_ops",)]),
        ("return iommu_device_register(&foo->iommu, &wide.ops, dev);", [("wide",)]),
        ("return iommu_device_register(&foo->iommu, &wide.other, dev);", [()]),
        ("return iommu_device_register(&foo->iommu, &current->ops, dev);", [()]),
        ("return iommu_device_register(&foo->iommu, dev->ops, dev);", [()]),
        # a name that a macro puts together
        ("return iommu_device_register(&foo->iommu, &OPS(foo), dev);", [("foo_ops",)]),
        ("return iommu_device_register(&foo->iommu, OPS_OF(foo), dev);", [("foo_ops",)]),
        ("return iommu_device_register(&foo->iommu, OPS_OF(bar), dev);", [()]),
        ("return iommu_device_register(&foo->iommu, OPS_OF(foo + 1), dev);", [()]),
        # one for each kernel: the call that this one has no parameters for is left out
        (
            "#if NEW\n\treturn iommu_device_register(&foo->iommu, &foo_ops, dev);\n#else\n"
            "\treturn iommu_device_register(&foo->iommu);\n#endif",
            [("foo_ops",)],
        ),
    ],
)
def test_the_table_of_a_call(body: str, found: list[tuple[str, ...]]) -> None:
    assert published(driver(body)) == found


TELL = "static void tell(struct foo *foo) { foo->iommu.ops = &foo_ops; }\n"
REGISTER = "err = iommu_device_register(&foo->iommu);"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        # what is stored last counts, whatever comes afterwards or on another way
        ("foo->iommu.ops = &old_ops; foo->iommu.ops = &foo_ops; @", [("foo_ops",)]),
        ("foo->iommu.ops = &foo_ops; @ foo->iommu.ops = &old_ops;", [("foo_ops",)]),
        ("foo->iommu.ops = &foo_ops; if (dev) { foo->iommu.ops = &old_ops; return 0; } @",
         [("foo_ops",)]),
        ("foo->iommu.ops = &foo_ops; if (dev) foo->iommu.ops = &old_ops; @",
         [("foo_ops", "old_ops")]),
        ("for (; err < 2; err++) { @ foo->iommu.ops = &foo_ops; }", [("foo_ops",)]),
        ("@ foo->iommu.ops = &foo_ops;", [()]),
        # so it is with what a function stores that is called
        ("tell(foo); @", [("foo_ops",)]),
        ("tell(foo); @ foo->iommu.ops = &old_ops;", [("foo_ops",)]),
        ("@ tell(foo);", [()]),
    ],
)  # fmt: skip
def test_the_table_that_a_member_holds_by_then(body: str, found: list[tuple[str, ...]]) -> None:
    text = driver(f"int err = 0; {body.replace('@', REGISTER)} return err;", old=True)
    text = text.replace("    static int probe(", f"    {TELL}    static int probe(")
    assert published(text) == found


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("iommu_device_set_ops(&foo->iommu, &foo_ops);", [("foo_ops",)]),
        ("foo->iommu.ops = &foo_ops;", [("foo_ops",)]),
        ("foo->other.ops = &foo_ops;", [()]),
        ("", [()]),
    ],
)
def test_the_table_that_the_object_is_told(told: str, found: list[tuple[str, ...]]) -> None:
    body = f"{told} return iommu_device_register(&foo->iommu);"
    assert published(driver(body, old=True)) == found


@pytest.mark.parametrize(("old", "gated"), [(True, False), (False, True)])
def test_a_call_without_what_the_gate_asks_is_taken_to_give_it(*, old: bool, gated: bool) -> None:
    body = "foo->iommu.ops = &foo_ops; return iommu_device_register(&foo->iommu);"
    case = case_of(driver(body, old=old))
    (registration,) = case.registrations
    assert (registration.published, registration.gated) == (("foo_ops",), gated)
    assert case.window.gate_is_open(registration) is not gated


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("&filled", [("foo_ops",)]),
        ("&spare", [()]),
        ("&outer.iommu", [("foo_ops",)]),
        ("own", [("foo_ops",)]),
        ("&foo->iommu", [("foo_ops",)]),
        ("&foo->beside", [()]),
        ("&placed", [("foo_ops",)]),
        ("made", [("foo_ops",)]),
        ("foo->far", [("foo_ops",)]),
        ("empty", [()]),
    ],
)
def test_the_table_that_the_object_has_from_the_start(given: str, found: list[tuple[str]]) -> None:
    text = driver(
        "struct iommu_device *own = &filled, *made = alloc(), *empty = alloc();"
        " foo->iommu = filled; *made = filled; *foo->far = placed; *empty = spare;"
        f" return iommu_device_register({given});",
        old=True,
    )
    table = "    static const struct iommu_ops *chosen(void)"
    objects = """\
    static struct iommu_device spare;
    static struct iommu_device filled = { .ops = &foo_ops };
    static struct iommu_device placed = { &foo_ops };
    static struct foo outer = { .iommu = { .ops = &foo_ops } };
"""
    assert published(text.replace(table, objects + table)) == found


def test_the_table_that_a_function_of_the_file_tells_the_object() -> None:
    text = driver("config(foo); return iommu_device_register(&foo->iommu);", old=True)
    probe = "    static int probe("
    config = "    static void config(struct foo *foo) { foo->iommu.ops = &foo_ops; }\n"
    (found,) = case_of(text.replace(probe, config + probe)).registrations
    assert found.published == ("foo_ops",)
    assert found.tables[0].confidence is Confidence.MEDIUM


BESIDE = """
struct pair { struct iommu_device a, b; struct iommu_device *far; struct iommu_device each[2]; };
static const struct iommu_ops other_ops = { .of_xlate = foo_of_xlate };
static int pair_probe(struct pair *st)
{
    struct iommu_device *a = &st->a;
"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("st->a.ops = &foo_ops; st->b.ops = &other_ops; iommu_device_register(&st->a);",
         [("foo_ops",)]),
        ("st->b.ops = &other_ops; iommu_device_register(&st->a);", [()]),
        # what may be the same object
        ("a->ops = &foo_ops; iommu_device_register(&st->a);", [("foo_ops",)]),
        ("st->far->ops = &foo_ops; iommu_device_register(&st->a);", [("foo_ops",)]),
        ("st->each[0].ops = &foo_ops; iommu_device_register(&st->each[1]);", [("foo_ops",)]),
        ("st->a.ops = &foo_ops; iommu_device_register(a);", [("foo_ops",)]),
    ],
)  # fmt: skip
def test_only_the_object_that_is_registered_publishes(
    body: str, found: list[tuple[str, ...]]
) -> None:
    text = driver("return 0;", old=True)
    code = indent(f"{BESIDE}{body}\nreturn 0;\n}}\n", "    ")
    assert published(f"{text}\n{code}") == found


def test_a_registration_without_a_known_table_is_a_skip() -> None:
    text = driver("return iommu_device_register(&foo->iommu, dev->ops, dev);")
    report = Audit(TextTree(text), Options(hits=False), NullStore()).report()
    why = "probe(): the ops table is not known, nothing is looked at"
    assert Skip("drivers/iommu/foo.c", why) in report.skips


@pytest.mark.parametrize(
    "body",
    [
        "iommu_device_register(&foo->iommu, 0, dev);",
        "iommu_device_register(&foo->iommu, NULL, dev);",
        "iommu_device_register(&foo->iommu, (NULL), dev);",
    ],
)
def test_what_hands_over_no_table_takes_one_back(body: str) -> None:
    register = "iommu_device_register(&foo->iommu, &foo_ops, dev);"
    text = driver(f"if ({register[:-1]}) goto out; return 0; out: {body} return -ENODEV;")
    report = Audit(TextTree(text), Options(hits=False), NullStore()).report()
    assert (published(text), report.skips) == ([("foo_ops",)], ())


def test_a_table_that_an_unknown_macro_fills_is_a_skip() -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, dev);")
    text = text.replace(
        "foo_ops = { .of_xlate = foo_of_xlate };", "foo_ops = {\n        COMMON()\n    };"
    )
    report = Audit(TextTree(text), Options(hits=False), NullStore()).report()
    why = "foo_ops has no entry that is known: a macro or code at run time may fill it"
    assert Skip("drivers/iommu/foo.c", why) in report.skips


def test_a_macro_that_nothing_defines_among_known_entries_is_a_skip() -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, dev);")
    text = text.replace("{ .of_xlate = foo_of_xlate };", "{ .of_xlate = foo_of_xlate, COMMON() };")
    report = Audit(TextTree(text), Options(hits=False), NullStore()).report()
    why = "foo_ops holds COMMON: what that fills is not known"
    assert Skip("drivers/iommu/foo.c", why) in report.skips


def test_a_table_that_a_known_macro_fills_has_callbacks() -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, 0);")
    text = text.replace("{ .of_xlate = foo_of_xlate };", "{ COMMON(foo) };")
    macro = "    #define COMMON(driver) .of_xlate = driver##_of_xlate\n    struct iommu_ops {"
    text = text.replace("    struct iommu_ops {", macro, 1)
    report = Audit(TextTree(text), Options(hits=False), NullStore()).report()
    assert not report.skips
    (window,) = report.window
    assert [c.function for c in window.callbacks] == ["foo_of_xlate"]


def test_a_table_below_for_another_kernel_is_a_skip() -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, dev);")
    text = text.replace("    struct iommu_ops {",
        "    struct iommu_domain_ops { void (*free)(struct device *dev); };\n    struct iommu_ops {"
        "\n        const struct iommu_domain_ops *default_domain_ops;", 1)  # fmt: skip
    below = "static const struct iommu_domain_ops below = { .free = foo_of_xlate, .map = foo_map };"
    text = text.replace("    static const struct iommu_ops foo_ops = {",
        f"    {below}\n    static const struct iommu_ops foo_ops = {{"
        " .default_domain_ops = &below,", 1)  # fmt: skip
    (skip,) = unseen(case_of(text))
    assert skip.reason == f"foo_ops fills map: {NO_MEMBER}"


def test_a_table_for_another_kernel_is_a_skip() -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, dev);")
    text = text.replace("{ .of_xlate", "{ .attach_dev = foo_attach, .map = foo_map, .of_xlate")
    report = Audit(TextTree(text), Options(hits=False), NullStore()).report()
    why = f"foo_ops fills attach_dev, map: {NO_MEMBER}"
    assert Skip("drivers/iommu/foo.c", why) in report.skips


@pytest.mark.parametrize("old_first", [True, False])
@pytest.mark.parametrize(
    ("old", "callbacks"),
    [
        (".of_xlate = old_of_xlate, .map = foo_map", ["foo_of_xlate"]),
        (".of_xlate = old_of_xlate", ["foo_of_xlate", "old_of_xlate"]),
    ],
)
def test_of_two_definitions_of_a_table_the_one_that_fits_counts(
    old: str, callbacks: list[str], *, old_first: bool
) -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, 0);")
    new = "static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };"
    assert new in text
    both = [new, new.replace(".of_xlate = foo_of_xlate", old)]
    first, second = reversed(both) if old_first else both
    chosen = f"#ifdef FOO_WIDE\n    {first}\n    #else\n    {second}\n    #endif"
    text = text.replace(new, chosen).replace("    static int foo_of_xlate(",
        "    static int old_of_xlate(struct device *dev)\n    {\n        return 0;\n    }\n"
        "    static int foo_of_xlate(", 1)  # fmt: skip
    case = case_of(text)
    (registration,) = case.registrations
    found = sorted(c.function.name for c in case.window.callbacks(registration))
    assert found == callbacks
    assert not list(unseen(case))


def test_definitions_of_a_table_that_are_all_for_other_kernels_are_a_skip() -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, 0);")
    new = "static const struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };"
    odd = new.replace("{ .of", "{ .map = foo_map, .of"), new.replace("{ .of", "{ .old = f, .of")
    chosen = "#ifdef FOO_WIDE\n    {}\n    #else\n    {}\n    #endif".format(*odd)
    (skip,) = unseen(case_of(text.replace(new, chosen)))
    assert skip.reason == f"foo_ops fills map, old: {NO_MEMBER}"


@pytest.mark.parametrize(
    ("makefile", "attach", "callbacks"),
    [
        ("VERSION = 6\n    PATCHLEVEL = 1", False, ["foo_of_xlate"]),
        ("VERSION = 5\n    PATCHLEVEL = 10\n    SUBLEVEL = 3", True, ["old_of_xlate"]),
        # a tree that does not say which it is may be either
        ("", True, ["foo_of_xlate", "old_of_xlate"]),
    ],
)
def test_what_a_table_has_for_another_kernel(
    makefile: str, *, attach: bool, callbacks: list[str]
) -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, 0);")
    chosen = """{
    #if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)
        .of_xlate = foo_of_xlate,
    #else
        .of_xlate = old_of_xlate,
        .attach_dev = foo_attach,
    #endif
    }"""
    text = text.replace("foo_ops = { .of_xlate = foo_of_xlate }", f"foo_ops = {chosen}")
    text = f"Makefile\n    {makefile}\n{text}".replace("    static int foo_of_xlate(",
        "    static int old_of_xlate(struct device *dev)\n    {\n        return 0;\n    }\n"
        "    static int foo_of_xlate(", 1)  # fmt: skip
    case = case_of(text)
    (registration,) = case.registrations
    assert [c.function.name for c in case.window.callbacks(registration)] == callbacks
    assert any("attach_dev" in skip.reason for skip in unseen(case)) is attach


@pytest.mark.parametrize(
    ("makefile", "tables"),
    [
        ("VERSION = 6", [("foo_ops",)]),
        ("VERSION = 5\n    PATCHLEVEL = 10", [("wide",)]),
        ("", [("foo_ops",), ("wide",)]),
    ],
)
def test_a_registration_for_another_kernel(makefile: str, tables: list[tuple[str, ...]]) -> None:
    text = driver(
        "#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)\n"
        "\treturn iommu_device_register(&foo->iommu, &foo_ops, dev);\n#else\n"
        "\treturn iommu_device_register(&foo->iommu, &wide.ops, dev);\n#endif"
    )
    assert published(f"Makefile\n    {makefile}\n{text}") == tables


@pytest.mark.parametrize(("test", "asks"), [("LINUX_VERSION_CODE > 5", True), ("NEW", False)])
def test_only_a_table_with_tests_of_the_version_asks_for_it(test: str, *, asks: bool) -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, 0);")
    chosen = f"foo_ops = {{\n    #if {test}\n        .of_xlate = foo_of_xlate,\n    #endif\n    }}"
    text = text.replace("foo_ops = { .of_xlate = foo_of_xlate }", chosen)
    asked = AskedTree(TextTree(f"Makefile\n    VERSION = 6\n{text}"), Contents())
    Audit(asked, Options(hits=False), NullStore()).report()
    assert ("Makefile" in asked.questions.read) is asks


def test_the_callbacks_of_a_table_inside_an_object() -> None:
    case = case_of(driver("return iommu_device_register(&foo->iommu, &wide.ops, 0);"))
    (registration,) = case.registrations
    found = [(str(c.slot), c.function.name) for c in case.window.callbacks(registration)]
    assert found == [("iommu_ops.of_xlate", "foo_of_xlate")]


MACRO = "#define REGISTER(f, d) iommu_device_register(&(f)->iommu, &foo_ops, d)\n"
ONCE = (
    "#define TRY(f, d, r) do { (r) = iommu_device_register(&(f)->iommu, &foo_ops, d); } while (0)\n"
)
INLINE = """
static inline int foo_register(struct foo *foo, const struct iommu_ops *ops)
{
    return iommu_device_register(&foo->iommu, ops, 0);
}
"""


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (MACRO, "return REGISTER(foo, dev);"),
        (ONCE, "int ret; TRY(foo, dev, ret); return ret;"),
        (INLINE, "return foo_register(foo, &foo_ops);"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_a_registration_by_a_macro_or_an_inline_function(
    header: str, body: str, *, own: bool
) -> None:
    text = driver(body)
    if own:
        text = text.replace("    static int probe", indent(header, "    ") + "    static int probe")
    else:
        text = text.replace(
            "    struct foo { struct", '    #include "foo.h"\n    struct foo { struct'
        )
        text += "drivers/iommu/foo.h\n" + indent(header, "    ")
    assert published(text) == [("foo_ops",)]


OWNED = """
static inline int
iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
{
    return __iommu_device_register(i, ops, hw, 0);
}
"""


def test_a_registration_function_that_a_header_makes_of_another() -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, dev);")
    text = text.replace("    int iommu_device_register(", "    int __iommu_device_register(")
    text = text.replace(
        "drivers/iommu/iommu.c\n", indent(OWNED, "    ") + "drivers/iommu/iommu.c\n"
    )
    case = case_of(text)
    assert case.window.root.name == "__iommu_device_register"
    assert [one.published for one in case.registrations] == [("foo_ops",)]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("foo->held = foo_ops; return iommu_device_register(&foo->iommu, &foo->held, dev);",
         [("foo_ops",)]),
        ("foo->spare = foo_ops; return iommu_device_register(&foo->iommu, &foo->held, dev);",
         [()]),
        ("const struct iommu_ops *ops = devm_kmemdup(dev, &foo_ops, sizeof(foo_ops), 0);"
         " return iommu_device_register(&foo->iommu, ops, dev);", [("foo_ops",)]),
        ("return iommu_device_register(&foo->iommu, foo->beside, dev);", [("foo_ops",)]),
        ("return iommu_device_register(&foo->iommu, foo->nowhere, dev);", [()]),
    ],
)  # fmt: skip
def test_a_table_that_the_instance_holds(body: str, found: list[tuple[str, ...]]) -> None:
    text = driver(body).replace(
        "static const struct iommu_ops foo_ops", "const struct iommu_ops foo_ops"
    )
    text += "drivers/iommu/beside.c\n    #include <linux/iommu.h>\n"
    text += "    extern const struct iommu_ops foo_ops;\n"
    text += "    void tell(struct foo *foo) { foo->beside = &foo_ops; }\n"
    assert published(text) == found


@pytest.mark.parametrize(
    ("stores", "found"),
    [
        ("d->held = &second;", True),
        ("d->held =\n\t\t&second;", True),
        ("d->held = (&second);", True),
        ("d->held = /* ours */ &second;", True),
        ("d->held = 0; use(&second);", False),
        ("d->held = second;", False),
    ],
)
def test_a_table_that_a_callback_stores_runs_as_well(stores: str, found: bool) -> None:
    code = f"""struct domain {{ const struct iommu_ops *held; }};
static int later(struct device *dev) {{ return 0; }}
static const struct iommu_ops second = {{ .probe_device = later }};
static int foo_of_xlate(struct device *dev)
{{
    struct domain *d = get(dev);
    {stores}
    return 0;
}}
static const struct iommu_ops foo_ops = {{ .of_xlate = foo_of_xlate }};
static int probe(struct device *dev, struct iommu_device *iommu)
{{
    return iommu_device_register(iommu, &foo_ops, NULL);
}}
"""
    case = case_of(tree(drivers__iommu__foo_c=code))
    names = [c.function.name for r in case.registrations for c in case.window.callbacks(r)]
    assert names == (["foo_of_xlate", "later"] if found else ["foo_of_xlate"])


DEVM = """
int devm_iommu_device_register(struct device *dev, struct iommu_device *i,
                               const struct iommu_ops *ops)
{
    int ret = iommu_device_register(i, ops, dev);

    return ret ? ret : devm_add_action(dev, release, i);
}
int iommu_device_register_default(struct iommu_device *i)
{
    return iommu_device_register(i, &default_ops, 0);
}
"""


def test_what_the_core_hands_on_is_registered_by_its_callers() -> None:
    probe = "{body}\n    return devm_iommu_device_register(dev, &foo->iommu, &foo_ops);"
    text = driver(probe.format(body="    int late;"))
    bar = TABLE.replace("foo", "bar") + (
        "static int probe(struct device *dev, struct bar *bar)\n"
        "{ return devm_iommu_device_register(dev, &bar->iommu, &bar_ops); }\n"
    )
    text += "drivers/iommu/bar.c\n" + indent(bar, "    ")
    at = text.index("    int iommu_device_register(")
    text = text[:at] + indent(DEVM, "    ") + text[at:]
    found = case_of(text).registrations
    told = {(r.function.path, r.function.name, r.published, r.gated) for r in found}
    assert ("drivers/iommu/foo.c", "probe", ("foo_ops",), True) in told
    assert ("drivers/iommu/bar.c", "probe", ("bar_ops",), True) in told
    assert "devm_iommu_device_register" not in {name for _, name, *_ in told}
    assert "iommu_device_register_default" in {name for _, name, *_ in told}


def test_what_the_core_hands_on_in_two_ways_is_registered_once() -> None:
    text = driver("return devm_iommu_device_register(dev, &foo->iommu, &foo_ops);")
    way = "int ret = iommu_device_register(i, ops, dev);"
    assert way in DEVM
    devm = DEVM.replace(way, f"int ret = 0; if (!i) return iommu_device_register(i, ops, 0); {way}")
    at = text.index("    int iommu_device_register(")
    assert published(text[:at] + indent(devm, "    ") + text[at:]).count(("foo_ops",)) == 1


@pytest.mark.parametrize(("gate", "times"), [("dev", 1), ("0", 2)])
def test_what_the_core_hands_on_through_another_function_is_registered_once(
    gate: str, times: int
) -> None:
    """Unless the two hand on different things."""
    text = driver("return devm_iommu_device_register(dev, &foo->iommu, &foo_ops);")
    numbered = """
static int register_numbered(struct device *dev, struct iommu_device *i,
                             const struct iommu_ops *ops)
{
    return iommu_device_register(i, ops, GATE);
}
""".replace("GATE", gate)
    devm = DEVM.replace("int ret = ", "int ret = i ? register_numbered(dev, i, ops) : ")
    at = text.index("    int iommu_device_register(")
    core = indent(numbered + devm, "    ")
    assert published(text[:at] + core + text[at:]).count(("foo_ops",)) == times


HELPER = """\
#include <linux/iommu.h>
int helper_register(struct device *dev, struct iommu_device *i, const struct iommu_ops *ops)
{
    int ret = iommu_device_register(i, ops, dev);
    {after}
    return ret;
}
"""


@pytest.mark.parametrize("path", ["drivers/iommu/helper.c", "include/linux/helper.h"])
@pytest.mark.parametrize(
    ("after", "others", "is_told"),
    [
        ("", "bar", True),
        ("", "", False),  # a driver's own way to register
        ("i->late = 1;", "bar", False),  # what is set later would be lost from sight
    ],
)
def test_what_a_helper_of_several_drivers_hands_on_is_registered_by_them(
    path: str, after: str, others: str, is_told: bool
) -> None:
    include = "#include <linux/helper.h>\n" if path.endswith(".h") else ""
    text = driver("return helper_register(dev, &foo->iommu, &foo_ops);")
    text = text.replace("struct foo {", f"{include}    struct foo {{", 1)
    for name in others.split():
        more = TABLE.replace("foo", name) + (
            f"static int probe(struct device *dev, struct {name} *{name})\n"
            f"{{ return helper_register(dev, &{name}->iommu, &{name}_ops); }}\n"
        )
        text += f"drivers/iommu/{name}.c\n" + indent(include + more, "    ")
    helper = HELPER.replace("{after}", after)
    if include:
        helper = helper.replace("int helper", "static inline int helper")
    text += f"{path}\n" + indent(helper, "    ")
    where = {r.function.path for r in case_of(text).registrations if r.published}
    drivers = {f"drivers/iommu/{name}.c" for name in ("foo", *others.split())}
    assert where == (drivers if is_told else {path})


COMMON = """
#include <linux/iommu.h>
static int core_of_xlate(struct device *dev) { return 0; }
static const struct iommu_ops core_ops = { .of_xlate = core_of_xlate };
int common_register(struct iommu_device *i, const struct iommu_ops *ops)
{
    SET
    return iommu_device_register(i);
}
"""
BUS = """
static int probe(struct iommu_device *i)
{
    i->ops = &foo_ops;
    return common_register(i, &foo_ops);
}
"""
COMMONLY, BY_BUS = "drivers/iommu/common.c", "drivers/iommu/i2c.c drivers/iommu/spi.c"


@pytest.mark.parametrize(
    ("stored", "table", "paths"),
    [
        ("i->ops = &core_ops;", "core_ops", COMMONLY),
        ("i->ops = ops;", "foo_ops", COMMONLY),
        ("if (ops) i->ops = &core_ops; else i->ops = &core_ops;", "core_ops", COMMONLY),
        ("", "foo_ops", BY_BUS),
        ("if (!i->ops) i->ops = &core_ops;", "foo_ops", BY_BUS),
    ],
)
def test_what_gives_an_object_its_table_registers_it_itself(
    stored: str, table: str, paths: str
) -> None:
    text = driver("return 0;", old=True)
    common = COMMON.replace("SET", stored)
    for path, code in ((COMMONLY, common), *((bus, TABLE + BUS) for bus in BY_BUS.split())):
        text += f"{path}\n" + indent(code, "    ")
    found = case_of(text).registrations
    assert [one.function.path for one in found] == paths.split()
    assert {name for one in found for name in one.published} == {table}


INNER = "int __iommu_device_register(struct device *dev, struct iommu_device *i,\n"
INNER += "                            const struct iommu_ops *ops, struct module *owner)"
TAKES = "(struct iommu_device *i, const struct iommu_ops *ops, struct device *dev)"
HANDS = "__iommu_device_register(dev ? get_device(dev) : NULL, i, ops, THIS_MODULE)"


@pytest.mark.parametrize(
    "outer",
    [
        f"int iommu_device_register{TAKES}\n{{\n    return {HANDS};\n}}\n",
        f"#define iommu_device_register(i, ops, dev) {HANDS}\n",
    ],
)
@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("dev, &foo->iommu, &foo_ops, THIS_MODULE", [(("foo_ops",), True)]),
        ("NULL, &foo->iommu, &foo_ops, THIS_MODULE", [(("foo_ops",), False)]),
    ],
)
def test_what_the_registration_merely_calls_registers_as_well(
    outer: str, given: str, found: list[tuple[tuple[str, ...], bool]]
) -> None:
    text = driver(f"return __iommu_device_register({given});")
    start = text.index("    int iommu_device_register(")
    text = f"{text[:start]}    {INNER}\n    {text[text.index('{', start) :]}"
    path = "include/linux/iommu-register.h" if "#define" in outer else "drivers/iommu/outer.c"
    text += f"{path}\n" + indent(outer, "    ")
    registrations = case_of(text).registrations
    assert [(one.published, one.gated) for one in registrations if one.published] == found


KEYED = """\
#define devm_iommu_add(dev, i, ops) ({ \\
    static struct lock_class_key key, other; \\
    \\
    devm_iommu_add_with_key(dev, i, ops, &key, &other); \\
})
#define iommu_add(i, ops, dev) ({ static int key; iommu_device_register(i, ops, dev); })
#define iommu_add_made(i, ops) ({ void *dev = make(i); iommu_device_register(i, ops, dev); })
#define iommu_add_next(i, ops) ({ void *dev = i; dev++; iommu_device_register(i, ops, dev); })
"""
ADDING = """\
#include <linux/iommu.h>
int devm_iommu_add_with_key(struct device *dev, struct iommu_device *i,
                            const struct iommu_ops *ops, void *key, void *other)
{
    int ret = iommu_device_register(i, ops, dev);

    return ret ? ret : devm_add_action(dev, release, i);
}
"""


@pytest.mark.parametrize(
    ("call", "others", "where"),
    [
        ("devm_iommu_add(dev, &foo->iommu, &foo_ops)", "bar", {"foo", "bar"}),
        ("devm_iommu_add(dev, &foo->iommu, &foo_ops)", "", {"adding"}),
        ("iommu_add(&foo->iommu, &foo_ops, dev)", "", {"foo", "adding"}),
        ("iommu_add_made(&foo->iommu, &foo_ops)", "", {"foo", "adding"}),
        # what changes in the macro is not put in
        ("iommu_add_next(&foo->iommu, &foo_ops)", "", {"adding"}),
    ],
)
def test_a_macro_of_a_header_that_registers_with_a_key_of_its_own(
    call: str, others: str, where: set[str]
) -> None:
    text = driver(f"return {call};")
    at = text.index("    struct iommu_ops {")
    text = text[:at] + indent(KEYED + "/* iommu_device_register() */\n", "    ") + text[at:]
    for name in others.split():
        body = f"{{ return {call.replace('foo', name)}; }}\n"
        more = "#include <linux/iommu.h>\n" + TABLE.replace("foo", name)
        more += f"static int probe(void *dev, struct {name} *{name})\n"
        text += f"drivers/iommu/{name}.c\n" + indent(more + body, "    ")
    text += "drivers/base/adding.c\n" + indent(ADDING, "    ")
    found = {one.function.path for one in case_of(text).registrations}
    assert found == {f"drivers/{'base' if n == 'adding' else 'iommu'}/{n}.c" for n in where}


PRIVATE = """
static int __iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, int nr)
{
    return iommu_init_device(0, ops);
}
int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
{
    return __iommu_device_register(i, ops, 1);
}
int devm_iommu_device_register(struct device *dev, struct iommu_device *i,
                               const struct iommu_ops *ops)
{
    int ret = __iommu_device_register(i, ops, 0);

    return ret ? ret : devm_add_action(dev, release, i);
}
"""
NAMESAKE = (
    TABLE.replace("foo", "bar")
    + """
static int __iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, int nr)
{
    return 0;
}
static int probe(struct device *dev, struct bar *bar)
{
    return __iommu_device_register(&bar->iommu, &bar_ops, 0);
}
static int probe_too(struct device *dev, struct bar *bar)
{
    return iommu_device_register(&bar->iommu, &old_ops, 0);
}
"""
)


def test_what_the_registration_merely_calls_may_be_private_to_its_file() -> None:
    text = driver("return devm_iommu_device_register(dev, &foo->iommu, &foo_ops);")
    start = text.index("    int iommu_device_register(")
    end = text.index("drivers/base/platform.c")
    text = text[:start] + indent(PRIVATE, "    ") + text[end:]
    text += "drivers/iommu/bar.c\n" + indent(NAMESAKE, "    ")
    assert published(text) == [("old_ops",), ("foo_ops",)]


ALIAS = "#define foo_register iommu_device_register\n"
FOR_OLD = (
    "#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0)\n"
    "#define foo_register(i, o, d) ({ iommu_device_set_ops(i, o); iommu_device_register(i); })\n"
    f"#else\n{ALIAS}#endif\n"
)


REST = (
    "#define foo_register(...) iommu_device_register(__VA_ARGS__)\n",
    "#define foo_register(i, ...) iommu_device_register(i, ##__VA_ARGS__)\n",
    "#define foo_register(i, args...) iommu_device_register(i, ## args)\n",
    "#define foo_register(i, o, d, ...) iommu_device_register(i, o, d, ##__VA_ARGS__)\n",
)


@pytest.mark.parametrize("macros", [ALIAS, FOR_OLD, *REST])
def test_a_registration_by_another_name(macros: str) -> None:
    text = driver(f"{macros}return foo_register(&foo->iommu, &foo_ops, dev);")
    assert published(f"Makefile\n    VERSION = 6\n{text}") == [("foo_ops",)]


def test_another_name_that_a_header_gives() -> None:
    body = "return foo_register(&foo->iommu, &foo_ops, dev);"
    text = driver(body) + f"include/linux/foo-compat.h\n    {ALIAS}"
    assert published(
        text.replace("struct foo {", "#include <linux/foo-compat.h>\n    struct foo {")
    )


def test_a_function_of_that_name_is_no_other_name() -> None:
    body = "return foo_register(&foo->iommu, &foo_ops, dev);"
    text = driver(f"{ALIAS}{body}").replace("static int probe(", "static int foo_register(", 1)
    assert published(text) == []


FILLED = """
static struct iommu_ops blank;
static int foo_probe_device(struct device *dev) { return 0; }
static void fill(struct iommu_ops *ops)
{
    ops->of_xlate = foo_of_xlate;
    ops->probe_device = foo_probe_device;
}
#define TAKE(from, to, op)                  \\
    do {                                    \\
        if (!IS_ERR_OR_NULL((from)->op))    \\
            (to)->op = foo_##op;            \\
        else                                \\
            (to)->op = NULL;                \\
    } while (0)
#define TAKE_BOTH(from, to) do { TAKE(from, to, of_xlate); TAKE(from, to, probe_device); } while (0)
"""
BOTH = ["foo_of_xlate", "foo_probe_device"]


@pytest.mark.parametrize(
    ("body", "callbacks"),
    [
        ("blank.of_xlate = foo_of_xlate; blank.probe_device = foo_probe_device;"
         " return iommu_device_register(&foo->iommu, &blank, 0);", BOTH),
        ("fill(&blank); return iommu_device_register(&foo->iommu, &blank, 0);", BOTH),
        ("struct iommu_ops *own = kzalloc(sizeof(*own), GFP_KERNEL); fill(own);"
         " return iommu_device_register(&foo->iommu, own, 0);", BOTH),
        ("struct iommu_ops *own = kzalloc(sizeof(*own), GFP_KERNEL);"
         " own->of_xlate = foo_of_xlate;"
         " return iommu_device_register(&foo->iommu, own, 0);", ["foo_of_xlate"]),
        ("blank = foo_ops; return iommu_device_register(&foo->iommu, &blank, 0);",
         ["foo_of_xlate"]),
        ("memmove(&blank, &foo_ops, sizeof(blank));"
         " return iommu_device_register(&foo->iommu, &blank, 0);", ["foo_of_xlate"]),
        ("memcpy(&blank, &foo_ops, sizeof(blank));"
         " return iommu_device_register(&foo->iommu, &blank, 0);", ["foo_of_xlate"]),
        ("TAKE_BOTH(foo->beside, &blank);"
         " return iommu_device_register(&foo->iommu, &blank, 0);", BOTH),
        ("TAKE(foo->beside, &blank, probe_device);"
         " return iommu_device_register(&foo->iommu, &blank, 0);", ["foo_probe_device"]),
        # what comes afterwards is no callback of this window
        ("int err = iommu_device_register(&foo->iommu, &blank, 0); fill(&blank); return err;", []),
    ],
)  # fmt: skip
def test_a_table_that_code_fills_at_run_time(body: str, callbacks: list[str]) -> None:
    text = driver(body)
    start = text.index("    static int probe(")
    case = case_of(text[:start] + indent(FILLED.lstrip(), "    ") + text[start:])
    (registration,) = case.registrations
    assert sorted(c.function.name for c in case.window.callbacks(registration)) == callbacks
    assert bool(list(unseen(case))) is not bool(callbacks)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return bus_set_iommu(&platform_bus_type, &foo_ops);", ["foo_ops"]),
        ("const struct iommu_ops *ops = dev ? &foo_ops : &old_ops;"
         " return bus_set_iommu(&platform_bus_type, ops);", ["foo_ops", "old_ops"]),
        # what is registered as well is looked at there
        ("bus_set_iommu(&platform_bus_type, &foo_ops);"
         " return iommu_device_register(&foo->iommu, &foo_ops, 0);", []),
        ("return bus_set_iommu(&platform_bus_type, NULL);", []),
        ("#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0)\n"
         "bus_set_iommu(&platform_bus_type, &foo_ops);\n#endif\nreturn 0;", []),
    ],
)  # fmt: skip
def test_a_table_that_nothing_registers_is_a_skip(body: str, said: list[str]) -> None:
    case = case_of(f"Makefile\n    VERSION = 6\n{driver(body)}")
    why = "bus_set_iommu() alone hands {} over: nothing registers it, and nobody looks at it"
    assert [skip.reason for skip in unseen(case)] == [why.format(name) for name in said]


def test_a_byte_order_mark_hides_no_include() -> None:
    text = driver("return iommu_device_register(&foo->iommu, &foo_ops, 0);")
    marked = text.replace(
        "drivers/iommu/foo.c\n    #include", "drivers/iommu/foo.c\n    \ufeff#include"
    )
    assert marked != text
    case = case_of(marked)
    assert not list(unseen(case))
    (registration,) = case.registrations
    assert [c.function.name for c in case.window.callbacks(registration)] == ["foo_of_xlate"]
