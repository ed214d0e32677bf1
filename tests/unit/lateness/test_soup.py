# SPDX-License-Identifier: GPL-2.0-only
"""Drivers that nobody would write: every rule ends, and gives the same answer twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from test_late import DRIVER, HEAD, OPENING
from text_tree import TextTree
from windows import tree

from kscan.audit import Audit, Options
from kscan.facts.store import NullStore
from kscan.model import Confidence, Finding

STATEMENTS = (
    "use(params.foo);", "only = foo;", "foo->next = only;", "use_next(foo);",
    "return only ? 0 : -ENODEV;", "if (!foo->next) return -ENODEV;",
    "list_for_each_entry(each, &foo->own, node) use(each);", "INIT_LIST_HEAD(&foo->own);",
    "list_add(&foo->node, &every);", "mutex_lock(&guard);", "mutex_unlock(&guard);",
    "spin_lock_init(&foo->lock);", "dev_iommu_priv_set(dev, foo);", "dev_set_drvdata(dev, foo);",
    "foo = dev_get_drvdata(dev);", "foo = devm_kzalloc(dev, 4, 1);", "dev->driver->own = foo;",
    "iommu_device_register(&foo->iommu, &foo_ops, dev);", "make_it(&only);", "READY(foo);",
    "ONE_OF(foo);", "set(foo);", "pm_runtime_enable(dev);", "out:", "goto out;",
)  # fmt: skip
TOKENS = (
    "if (", "else", "for (;;)", "while (x)", "do {", "} while (0);", "switch (x) {", "case 1:",
    "{", "}", "(", ")", ";", ",", "*", "&", "!", "=", "==", "->", ".", "[0]", "?", ":", "foo",
    "dev", "only", "0", "NULL", "return", "struct foo", "sizeof", "static", "#if A\n", "#else\n",
    "#endif\n", "\\\n", "\"s\"", "'c'", "/*", "*/",
)  # fmt: skip
SOUP = st.lists(st.sampled_from((*STATEMENTS, *STATEMENTS, *TOKENS)), max_size=12).map("\n".join)


def found(read: str, write: str, more: str) -> list[Finding]:
    """What all rules find in a driver that reads and writes so, with `more` after it."""
    code = HEAD + DRIVER % (read, write) + more
    text = tree(drivers__iommu__foo_c=code, drivers__of__iommu_c=OPENING)
    audit = Audit(TextTree(text), Options(min_confidence=Confidence.LOW), NullStore(), jobs=1)
    report = audit.report()
    assert audit.failed == []
    return list(report.findings)


@settings(max_examples=40)
@given(SOUP, SOUP, SOUP)
def test_every_rule_has_an_answer(read: str, write: str, more: str) -> None:
    findings = found(read, write, more)
    assert findings == found(read, write, more)
    names = [finding.fingerprint for finding in findings]
    assert len(names) == len(set(names))
