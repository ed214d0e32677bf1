# SPDX-License-Identifier: GPL-2.0-only
"""Ops tables that a pointer leads to: in id tables, arrays, copies, or a driver's own objects."""

from __future__ import annotations

import pytest
from text_tree import case_of
from windows import tree

KINDS = """
struct of_device_id { char name[8]; const void *data; };
struct kind { int (*init)(void); struct iommu_ops ops; const struct iommu_ops *further;
              struct iommu_ops many[2]; };
struct foo { struct iommu_device iommu; struct iommu_ops own; struct iommu_ops row[2];
             const struct kind *kind; struct kind *spare; };
static int a_of_xlate(struct device *dev) { return 0; }
static int b_of_xlate(struct device *dev) { return 0; }
static int a_init(void) { return 0; }
static const struct kind a_kind = { .init = a_init, .ops = { .of_xlate = a_of_xlate } };
static const struct kind b_kind = { .ops = { .of_xlate = b_of_xlate } };
static const struct iommu_ops all[] = { { .of_xlate = a_of_xlate } };
static const struct kind kinds[] = { { .ops = { .of_xlate = a_of_xlate } } };
static const struct iommu_ops one_ops = { .of_xlate = a_of_xlate };
static const struct iommu_ops *each[] = { &one_ops };
static const struct of_device_id foo_match[] = {
    { .name = "a", .data = &a_kind },
    { .name = "b", .data = &b_kind },
    { }
};
static struct foo *the_foo;
static struct kind *chosen;
const void *of_device_get_match_data(const struct device *dev);
static const struct kind *kind_of(int n) { return &kinds[n]; }
"""
BOTH = ("a_kind", "b_kind")


def found(body: str, given: str) -> tuple[str, ...]:
    """What a probe with this body publishes when it hands over `given`."""
    call = f"return iommu_device_register(&foo->iommu, {given}, 0);"
    probe = f"static int probe(struct device *dev, struct foo *foo, int n)\n{{\n{body} {call}\n}}\n"
    case = case_of(tree(drivers__iommu__foo_c=KINDS + probe))
    (registration,) = case.registrations
    return registration.published


@pytest.mark.parametrize(
    ("body", "given", "tables"),
    [
        # the owner of the table stands in an id table
        ("const struct kind *kind = of_device_get_match_data(dev);", "&kind->ops", BOTH),
        ("foo->kind = of_device_get_match_data(dev);", "&foo->kind->ops", BOTH),
        ("const struct of_device_id *id = matched(dev); const struct kind *kind = id->data;",
         "&kind->ops", BOTH),
        ("const struct other *kind = of_device_get_match_data(dev);", "&kind->ops", ()),
        # an array, of tables or of what has one inside
        ("", "&all[n]", ("all",)),
        ("", "all + n", ("all",)),
        ("", "&kinds[n].ops", ("kinds",)),
        ("const struct kind *kind = &kinds[n];", "&kind->ops", ("kinds",)),
        ("const struct kind *kind = kinds;", "&kind[n].ops", ("kinds",)),
        ("const struct kind *kind = kind_of(n);", "&kind->ops", ("kinds",)),
        ("const struct kind *kind = devm_kmemdup(dev, kinds, 8, 0);", "&kind->ops", ("kinds",)),
        ("const struct kind *kind = devm_kzalloc(dev, 8, 0);", "&kind->ops", ()),
        # an array of addresses
        ("", "each[n]", ("one_ops",)),
        ("const struct iommu_ops **list = each;", "list[n]", ("one_ops",)),
        ("const struct iommu_ops *list[1]; list[0] = &one_ops;", "list[n]", ("one_ops",)),
        # copies
        ("foo->own = a_kind.ops;", "&foo->own", ("a_kind",)),
        ("foo->own = kinds[n].ops;", "&foo->own", ("kinds",)),
        ("foo->row[n] = all[n];", "&foo->row[n]", ("all",)),
        ("struct iommu_ops *ops = alloc(); *ops = one_ops;", "ops", ("one_ops",)),
        ("struct iommu_ops *ops = alloc(); memcpy(ops, &one_ops, 8);", "ops", ("one_ops",)),
        # a pointer that a function of the file sets
        ("chosen = &kinds[n];", "&chosen->ops", ("kinds",)),
        ("", "&chosen->ops", ()),
        ("", "&foo->spare->ops", ()),
    ],
)  # fmt: skip
def test_a_table_that_a_pointer_leads_to(body: str, given: str, tables: tuple[str, ...]) -> None:
    assert found(body, given) == tables


BESIDE = """
struct TAG { const struct iommu_ops *further; };
static int other_of_xlate(struct device *dev) { return 0; }
static const struct iommu_ops other_ops = { .of_xlate = other_of_xlate };
static const struct TAG other = { .further = &other_ops };
"""


@pytest.mark.parametrize(("tag", "tables"), [("kind", ("other_ops",)), ("stranger", ())])
@pytest.mark.parametrize("beside", [True, False])
def test_a_member_of_another_struct_is_another_member(
    tag: str, tables: tuple[str, ...], *, beside: bool
) -> None:
    probe = """
static int probe(struct foo *foo)
{
    return iommu_device_register(&foo->iommu, foo->spare->further, 0);
}
"""
    other = BESIDE.replace("TAG", tag)
    own = other if tag != "kind" else other.split(";", 2)[2]
    files = {"drivers__iommu__foo_c": KINDS + ("" if beside else own) + probe}
    case = case_of(tree(**files, **({"drivers__iommu__other_c": other} if beside else {})))
    (registration,) = case.registrations
    assert registration.published == tables
