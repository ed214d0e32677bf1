# SPDX-License-Identifier: GPL-2.0-only
"""Memory from a cache that is made too late: asking for it is what goes wrong first."""

from __future__ import annotations

import pytest
from text_tree import case_of, line_of

TREE = """
include/linux/slab.h
    struct kmem_cache { unsigned int size; };
    $DECLARED
    void kmem_cache_free(struct kmem_cache *s, void *object);
mm/slab.c
    #include <linux/slab.h>
    static int slab_size(struct kmem_cache *s) { return s->size; }
    void *$DEFINED(struct kmem_cache *s, int flags) { return slab_of(slab_size(s)); }
    void kmem_cache_free(struct kmem_cache *s, void *object) { drop(s->size, object); }
include/linux/iommu.h
    #include <linux/slab.h>
    struct device { void *data; };
    struct iommu_ops { int (*of_xlate)(struct device *dev); };
    struct iommu_device { const struct iommu_ops *ops; };
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw);
drivers/iommu/iommu.c
    #include <linux/iommu.h>
    int iommu_fwspec_init(void) { return 0; }
    int iommu_device_register(struct iommu_device *i, const struct iommu_ops *ops, void *hw)
    {
        i->ops = ops;
        iommu_fwspec_init();
        return i->ops->of_xlate(0);
    }
drivers/iommu/foo.c
    #include <linux/iommu.h>
    static struct kmem_cache *cache;
    static int foo_of_xlate(struct device *dev)
    {
        void *found = $ASKED(cache, 0);

        if (!found)
            return -ENOMEM;
        if (dev->data)
            return 0;
        kmem_cache_free(cache, found);
        return -EINVAL;
    }
    static struct iommu_ops foo_ops = { .of_xlate = foo_of_xlate };
    static int foo_probe(struct device *dev)
    {
        iommu_device_register(0, &foo_ops, dev);
        cache = kmem_cache_create("foo", 4, 0, 0, 0);
        return 0;
    }
"""
PLAIN = """void *kmem_cache_alloc(struct kmem_cache *s, int flags);
    static inline void *kmem_cache_zalloc(struct kmem_cache *s, int flags)
    { return kmem_cache_alloc(s, flags | 256); }"""
COUNTED = """void *kmem_cache_alloc_noprof(struct kmem_cache *s, int flags);
    #define counted_in(_tag, _do) ({ typeof(_do) _got; if (on(_tag)) _got = _do; _got; })
    #define counted(_do) counted_in(&_tag, _do)
    #define kmem_cache_alloc(...) counted(kmem_cache_alloc_noprof(__VA_ARGS__))
    #define kmem_cache_zalloc(_s, _flags) kmem_cache_alloc(_s, (_flags) | 256)"""


@pytest.mark.parametrize(
    ("declared", "defined"), [(PLAIN, "kmem_cache_alloc"), (COUNTED, "kmem_cache_alloc_noprof")]
)
@pytest.mark.parametrize("asked", ["kmem_cache_alloc", "kmem_cache_zalloc"])
def test_what_is_asked_first_is_told(declared: str, defined: str, asked: str) -> None:
    text = TREE.replace("$DECLARED", declared).replace("$DEFINED", defined)
    case = case_of(text.replace("$ASKED", asked), as_is=True)
    (read,) = case.late_reads
    assert (read.late.spelled, read.confidence.value) == ("cache", "high")
    event = read.reader.event
    assert event.function.name == "slab_size"
    first = event.frames[0]
    assert line_of(case.program, first.caller.path, first.at) == f"void *found = {asked}(cache, 0);"


def test_an_object_that_is_given_back_came_from_the_cache() -> None:
    text = TREE.replace("$DECLARED", PLAIN).replace("$DEFINED", "kmem_cache_alloc")
    case = case_of(text.replace("$ASKED(cache, 0)", "dev->data"), as_is=True)
    assert case.late_reads == ()
