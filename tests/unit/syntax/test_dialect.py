# SPDX-License-Identifier: GPL-2.0-only
# ruff: noqa: E501 - one snippet, one line
"""The dialect: lengths and newlines are kept, and each construct of kernel C parses."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from syntaxes import calls, function_names, parsed, tree_of

from kscan.syntax.dialect import respell
from kscan.syntax.queries import captures

FRAGMENTS = [
    b"int f(int a)\n{\n\t", b"\n}\n", b"(", b")", b"{", b"}", b"[", b"]", b";", b",", b" ", b"\t", b"\n",
    b"\\\n", b"\r\n", b"/*", b"*/", b"//", b'"', b"'", b"\\", b"#if 0\n", b"#ifdef A\n", b"#else\n", b"#elif B\n",
    b"#endif\n", b"#define X(a, b...)  \n", b"#define Y \\\n", b"#include <a.h>  \n", b"#", b"__init ", b"__free(x)",
    b"__aligned(8)", b"__foo", b"static ", b"struct a *", b"struct a ", b"unsigned long", b"const ", b"*", b"...",
    b"case 1 ... 2:", b"x:\n", b"if (a)", b"else ", b"do {", b"} while_each_x(a);", b"for_each_x(a, b)",
    b"list_for_each_entry(a, b, c) {", b"scoped_guard(mutex, &x) {", b"\tFOO(a)\n", b"FOO(a, b)\n", b"FOO(a) {\n",
    b"\tFOO\n", b"SYSCALL_DEFINE2(a, int, b, long, c)\n{\n\t", b"MACHINE_START(A, \"b\")\n\t.x = 1,\nMACHINE_END\n",
    b"DEFINE_PER_CPU(struct a, b);", b"DEFINE_CLASS(a,\n struct b,\n c(_T), d, int e)\n", b"CLASS(a, b)(c);", b"DECLARE_BITMAP(a, 5);", b"struct_group(a, int b;);", b"typeof(x)",
    b"offsetof(struct a, b.c)", b"asm volatile(\"x\" : : )", b"f(.a = 1, .b = {{2}})", b"f(, {1, 2})", b"return",
    b"f(a, return -1, ==)", b'"a" B(c) "d"', b"A B \"c\"", b"(a;)", b"\x00", b"\x01", b"\x02", b"\xff", b"1a",
]  # fmt: skip

kernel_like = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join)


def newlines(text: bytes) -> list[int]:
    return [offset for offset, byte in enumerate(text) if byte == 10]


@settings(max_examples=400)
@given(st.one_of(kernel_like, st.binary(max_size=200)))
@example(b"")
@example(b'"')
@example(b"s\n\n(d){\t")
@example(b"'\\")
@example(b"#define A\t\\\n\n")
@example(b"/*/")
@example(b"\n\tdo {\n\t} while_each_x(\n);\n\tfor_each_x(\n) {\n\t}\n\tFOO(\n)\n}\n")
@example(b"#if\n#else\n#else\n#endif\n#endif")
@example(b"struct a b = {\n\tFOO\n\n\t.c = 1,\n};\n")
def test_length_and_newlines_stay(source: bytes) -> None:
    text = respell(source).text
    assert len(text) == len(source)
    assert newlines(text) == newlines(source)


@settings(max_examples=200)
@given(kernel_like)
def test_marks_say_what_the_source_says(source: bytes) -> None:
    marks = respell(source).marks
    assert [mark.offset for mark in marks] == sorted(mark.offset for mark in marks)
    for mark in marks:
        assert mark.text == source[mark.offset : mark.offset + mark.length]


@settings(max_examples=200)
@given(kernel_like)
def test_respelling_again_keeps_lengths(source: bytes) -> None:
    once = respell(source).text
    assert len(respell(once).text) == len(source)


WRITTEN = frozenset(b"if while int sizeof unsigned long Auto".split())
"""The words that a macro may become."""


@settings(max_examples=200)
@given(kernel_like)
@example(b"struct a {\n\tMY_DECLARE_BITMAP(b, 5);\n\tmy_struct_group(c, int d;);\n};\n")
@example(b"MY_DEFINE_PER_CPU(int, a);\n")
@example(b"int f(int a)\n{\n\tw(a)\n\t\tg();\n\tw(a) {\n\t\tg();\n\t}\n\tw(a, g(););\n}\n")
def test_no_name_moves(source: bytes) -> None:
    for word in re.finditer(rb"[A-Za-z_]\w*", respell(source).text):
        was = source[word.start() : word.end()]
        assert word[0] in WRITTEN or was == word[0] or (was[:1].isdigit() and word[0][:1] == b"_")


@given(kernel_like)
@settings(max_examples=100)
def test_the_answer_depends_on_the_source_alone(source: bytes) -> None:
    assert respell(source) == respell(bytes(bytearray(source)))


PARSES = {
    "annotated function": "static int __init foo(void)\n{\n\treturn 0;\n}\n",
    "annotation first": "__init static int foo(void)\n{\n\treturn 0;\n}\n",
    "annotation after the star": "static char * __must_check foo(void)\n{\n\treturn 0;\n}\n",
    "unknown upper-case annotation": "STATIC xfs_t\nfoo(\n\tint a)\n{\n}\n",
    "asmlinkage": "asmlinkage __visible void foo(void)\n{\n}\n",
    "printf attribute": "static __printf(1, 2) void foo(const char *f, ...)\n{\n}\n",
    "lock annotation": "static void foo(int a)\n\t__releases(&a)\n\t__acquires(&b)\n{\n}\n",
    "attribute": 'int __attribute__((section("x"), used)) foo(void)\n{\n}\n',
    "annotated object": "static int foo __read_mostly = 3;\n",
    "annotated array": "static const char foo[] __initconst = { 1, 2 };\n",
    "unknown annotation of a struct": "static struct foo bar CACHELINE_TEXT;\n",
    "annotated pointer": "int foo(void __user *p, int __iomem *q);\n",
    "annotated cast": "void foo(void)\n{\n\ta = (__force u32 __user *)b;\n}\n",
    "cleanup": "void foo(void)\n{\n\tstruct bar *p __free(kfree) = NULL;\n}\n",
    "counted": "struct foo {\n\tint n;\n\tu8 data[] __counted_by(n);\n};\n",
    "loop": "void foo(void)\n{\n\tlist_for_each_entry(p, &head, node) {\n\t\tbar(p);\n\t}\n}\n",
    "loop without braces": "void foo(void)\n{\n\tfor_each_child(n, p)\n\t\tbar(p);\n\tbaz();\n}\n",
    "loop in a loop": "void foo(void)\n{\n\tfor_each_a(a)\n\t\tfor_each_b(b)\n\t\t\tbar(a, b);\n}\n",
    "loop below a for": "void foo(void)\n{\n\tfor (i = 0; i < 3; i++)\n\t\tfor_each_b(b)\n\t\t\t++n;\n}\n",
    "loop after else": "void foo(void)\n{\n\tif (a)\n\t\tbar();\n\telse for_each_b(b)\n\t\tbaz();\n}\n",
    "loop without arguments": "void foo(void)\n{\n\tfor_each_one() {\n\t\tbar();\n\t}\n}\n",
    "loop without each": "void foo(void)\n{\n\tskb_walk_frags(skb, frag) {\n\t\tbar();\n\t}\n}\n",
    "do-while macro": "void foo(void)\n{\n\tdo {\n\t\tbar();\n\t} while_each_thread(a, b);\n}\n",
    "do-while macro without arguments": "void foo(void)\n{\n\tdo {\n\t\tbar();\n\t} while_each_file();\n}\n",
    "closing macro": "void foo(void)\n{\n\tchange_nexthops(a) {\n\t\tbar();\n\t} endfor_nexthops(a)\n\tbaz();\n}\n",
    "anonymous bit-field": "struct foo {\n\tu32 a:3;\n\tu32 :29;\n\ts32:32; unsigned int : 0;\n};\n",
    "invocations in a row": "PAGEFLAG(A, a) TESTFLAG(A, a)\n\tCLEARFLAG(A, a)\nint foo(void)\n{\n}\n",
    "scoped guard": "void foo(void)\n{\n\tscoped_guard(mutex, &lock) {\n\t\tbar();\n\t}\n}\n",
    "guard": "void foo(void)\n{\n\tguard(mutex)(&lock);\n}\n",
    "conditional guard": "int foo(void)\n{\n\tscoped_cond_guard(mutex_intr, return -EINTR, &lock) {\n"
    "\t\tbar();\n\t}\n}\n",
    "type argument": "void foo(void)\n{\n\tp = container_of(q, struct foo, member);\n}\n",
    "type argument in a return": "int foo(void)\n{\n\treturn min_t(unsigned long, a, b);\n}\n",
    "pointer type argument": "void foo(void)\n{\n\tp = va_arg(ap, const struct foo *);\n}\n",
    "sole type argument": "void foo(void)\n{\n\tp = alloc_percpu(struct foo);\n}\n",
    "operator argument": "void foo(void)\n{\n\tCHECK(a, ==, b);\n}\n",
    "empty arguments": "void foo(void)\n{\n\tCHECK(a, , b,);\n\tCHECK(, a);\n}\n",
    "statement argument": "void foo(void)\n{\n\tCHECK(a, goto out);\n\tCHECK(a, return b;);\nout:\n\tbar();\n}\n",
    "statements as argument": "void foo(void)\n{\n\twait(dev, 20,\n\t\tif (a)\n\t\t\tbreak;\n\t);\n}\n",
    "designators as arguments": "void foo(void)\n{\n\ta = CONFIG(.event=1, .umask=0x2);\n}\n",
    "bare word before an empty line": "struct a b = {\n\tFOO\n\n\t.c = 1,\n};\n",
    "designated list as argument": "struct a b[] = {\n\tCMD(x, .bits = {{ .offset = 0, }}, ),\n};\n",
    "list as argument": "struct a b[] = {\n\tQUIRK(x, {1, 2}, {3, 4}),\n};\n",
    "number that is none": "struct a b[] = {\n\tMODE(10000baseR_FEC, 0_2),\n};\n",
    "offsetof a member of a member": "void foo(void)\n{\n\tn = offsetof(struct a, b.c[d(e)]) + 1;\n}\n",
    "alignof": "void foo(void)\n{\n\tn = __alignof__(*p);\n}\n",
    "typeof": "void foo(void)\n{\n\ttypeof(*p) q = 1;\n\t(typeof(p))r;\n}\n",
    "asm": 'void foo(void)\n{\n\tasm volatile(A("x", "y") : [o] "=r" (a) : B : "memory");\n}\n',
    "asm goto": 'void foo(void)\n{\n\tasm_volatile_goto("x" : : "i" (a) : : out);\nout:\n\tbar();\n}\n',
    "register variable": 'void foo(void)\n{\n\tregister long a asm("r0") = 1;\n}\n',
    "case range": "void foo(void)\n{\n\tswitch (a) {\n\tcase 1 ... 3:\n\tcase 'a' ... 'z':\n\t\tbar();\n\t}\n}\n",
    "array range": "int a[] = { [0 ... 3] = 1, };\n",
    "elvis": "int foo(void)\n{\n\treturn a ?: b;\n}\n",
    "statement expression": "int foo(void)\n{\n\treturn ({ int x = 1; x; });\n}\n",
    "pasted strings": 'void foo(void)\n{\n\tpr_info("a" __stringify(B) "c" PRI);\n}\n',
    "direction of a parameter": "INT32 foo(IN struct bar *bar, IN OUT BAZ *baz,\n\tOUT u8 to[4])\n{\n}\n",
    "address space before a star": "void foo(u32 __far* a)\n{\n}\n",
    "qualifier by a macro": "void foo(void)\n{\n\tFOO_CONST struct bar *a;\n\n\tFOO_CONST struct bar *b = c;\n}\n",
    "type before its qualifier": "int foo(BYTE const** a, BYTE const *b, BYTE volatile* c)\n{\n}\n",
    "level before a macro": 'void foo(void)\n{\n\tprintk(KERN_INFO foo_PREFIX\n\t\t"a", 1);\n\tprintk(KERN_ERR FMT("b"));\n}\n',
    "words before a string": 'void foo(void)\n{\n\tprintk(KERN_ERR PFX "a");\n\tprintk(KERN_INFO HW_ERR, a);\n}\n',
    "bare invocation": "MODULE_LICENSE_LIKE(foo)\n\nint bar(void)\n{\n\treturn 0;\n}\n",
    "bare invocation at the end": "int bar(void)\n{\n}\nmodule_init(bar)",
    "static invocation": "static DEFINE_MUTEX(lock);\nint a;\n",
    "static invocation inside": "void foo(void)\n{\n\tstatic DEFINE_RATELIMIT_STATE(rs, 5 * HZ, 2);\n\tbar();\n}\n",
    "invocation with a body": "static DEFINE_IDTENTRY(exc_foo)\n{\n\tbar();\n}\n",
    "system call": "SYSCALL_DEFINE2(foo, int, a, struct bar __user *, b)\n{\n\treturn a;\n}\n",
    "invocation with fields": 'define_machine(foo) {\n\t.name = "bar",\n};\n',
    "machine": 'DT_MACHINE_START(FOO, "a foo")\n\t.init = bar,\nMACHINE_END\n\nint a;\n',
    "per-CPU object": "static DEFINE_PER_CPU(struct foo *, bar);\nDEFINE_PER_CPU(u32 [4], baz) = { 1 };\n",
    "class": "DEFINE_CLASS(foo,\n\t     struct foo *,\n\t     if (_T) put(_T),\n\t     ({ int x = a; get(x); }), int a)\nint b;\n",
    "objects of a class": "int foo(void)\n{\n\tCLASS(bar, b)(x, &y);\n\tCLASS(bar, c)();\n\tif (b.a)\n\t\treturn 1;\n\treturn 0;\n}\n",
    "bitmap": "struct foo {\n\tDECLARE_BITMAP(map, 64);\n\tint a;\n};\n",
    "hash table": "struct foo {\n\tDECLARE_HASHTABLE(tbl, 16);\n\tint a;\n};\n",
    "flexible array": "struct foo {\n\tint a;\n\tDECLARE_FLEX_ARRAY(struct bar, b);\n};\n",
    "flexible array of a uapi header": "struct foo {\n\tint a;\n\t__DECLARE_FLEX_ARRAY(struct bar, b);\n};\n",
    "bitmap of a driver's own": "struct foo {\n\t__FOO_DECLARE_BITMAP(map, 64);\n\tint a;\n};\n",
    "group": "struct foo {\n\tstruct_group(g,\n\t\tint a;\n\t\tint b;\n\t);\n\tint c;\n};\n",
    "bare statements": "void foo(void)\n{\n\tFIRST(a)\n\tSECOND(b)\n\tbar();\n\tTHIRD(c)\n}\n",
    "bare statements in a row": "void foo(void)\n{\n\tswitch (a) {\n\tN(A) N(B) N(C)\n\tN(D) N(E)\n\t}\n}\n",
    "bare word": "void foo(void)\n{\n\tLOCK_FLAGS\n\n\tbar();\n\tLOCK_END\n}\n",
    "inferred type": "int foo(void)\n{\n\tconst auto a = b->c;\n\tauto *d = a;\n\n\treturn a(d);\n}\n",
    "least size of a parameter": "void foo(const u8 key[at_least KEY_SIZE], u8 nonce[at_least 4])\n{\n}\n",
    "type by a macro": "void foo(void)\n{\n\tDARRAY(struct bar) a = { 0 };\n\tb(a);\n}\n",
    "fields by macros": "struct dev_pm_ops foo = {\n\tSET_A_OPS(a, b)\n\tSET_B_OPS(c, d)\n\t.x = 1,\n};\n",
    "entries by bare words": "struct a b = {\n\tCOMMON\n\tMORE\n\t.x = { .y = 1 },\n\tLAST\n};\n",
    "entries by macros in a literal": "struct a b = {\n\t.c = &(struct d) {\n\t\tFOO(e)\n\t\t.x = 1,\n\t},\n"
    "\t.f = &(struct d) {\n\t\tFOO\n\t\t.x = 1,\n\t},\n};\n",
    "conditional in a list": "struct a b = {\n\t.c = 1,\n#ifdef X\n\t.d = 2,\n#else\n\t.d = 3,\n#endif\n};\n",
    "conditional in arguments": "void foo(void)\n{\n\tbar(a,\n#ifdef X\n\t    b,\n#endif\n\t    c);\n}\n",
    "conditional in an expression": "int foo(void)\n{\n\treturn a\n#ifdef X\n\t\t|| b\n#endif\n\t\t;\n}\n",
    "conditional head": "#ifdef X\nint foo(int a)\n#else\nint foo(int a, int b)\n#endif\n{\n\treturn a;\n}\n",
    "conditional opening brace": "void foo(void)\n{\n#ifdef X\n\tif (a) {\n#else\n\tif (b) {\n#endif\n\t\tbar();\n\t}\n}\n",
    "conditional brace pair": "void foo(void)\n{\n#ifdef X\n\tif (a) {\n#endif\n\t\tbar();\n#ifdef X\n\t}\n#endif\n}\n",
    "conditional else": "void foo(void)\n{\n\tif (a)\n\t\tbar();\n#ifdef X\n\telse if (b)\n\t\tbaz();\n#endif\n\telse\n\t\tqux();\n}\n",
    "conditional after a label": "void foo(void)\n{\n\tbar();\nout:\n#ifdef X\n\tbaz();\n#endif\n}\n",
    "macro in the middle of a statement": "void foo(void)\n{\n\tif (a)\n#define B 1\n\t\tbar(B);\n}\n",
    "macro before the brace": "void foo(void)\n#define B 1\n{\n\tbar(B);\n}\n",
    "function in a comment": "/* int foo(void)\n{ */\nint bar(void)\n{\n\treturn 0; // }\n}\n",
}  # fmt: skip


@pytest.mark.parametrize("source", PARSES.values(), ids=PARSES.keys())
def test_it_parses(source: str) -> None:
    assert not parsed(source).has_error, str(parsed(source))


@pytest.mark.parametrize("name", PARSES.keys())
def test_functions_stay_at_file_scope(name: str) -> None:
    functions = captures("facts/functions", parsed(PARSES[name])).get("function", [])
    ends = [0, *(function.end_byte for function in functions)]
    assert all(end <= function.start_byte for end, function in zip(ends, functions, strict=False))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (PARSES["annotated function"], ["foo"]),
        (PARSES["unknown upper-case annotation"], ["foo"]),
        (PARSES["invocation with a body"], ["exc_foo"]),
        (PARSES["system call"], ["foo"]),
        (PARSES["bare invocation"], ["bar"]),
        (PARSES["conditional head"], ["foo"]),
        (PARSES["function in a comment"], ["bar"]),
        ("asmlinkage foo_t notrace bar(void)\n{\n}\n", ["bar"]),
        ("void (*foo(int a))(void)\n{\n\treturn bar;\n}\n", ["foo"]),
        ("int (foo)(void)\n{\n\treturn 0;\n}\n", ["foo"]),
        ("struct a ***foo(void)\n{\n\treturn 0;\n}\n", ["foo"]),
        ("#define DEBUG\t/* talk\n\t\t * more */\n\nint foo(void)\n{\n}\n", ["foo"]),
        ("#define DEBUG \nint foo(void)\n{\n}\n", ["foo"]),
        ("#if 0\nint bar(void)\n{\n}\n#endif\nint foo(void)\n{\n}\n", ["foo"]),
        ("#if 1\nint foo(void)\n{\n}\n#else\nint bar(void)\n{\n}\n#endif\n", ["foo"]),
        ("#ifdef X\nint foo(void)\n{\n}\n#else\nint bar(void)\n{\n}\n#endif\n", ["foo", "bar"]),
    ],
)
def test_names(source: str, names: list[str]) -> None:
    assert [node.text.decode() for node in function_names(parsed(source))] == names


@pytest.mark.parametrize(
    ("statement", "callees"),
    [
        ("list_for_each_entry(p, first(a), node)\n\t\tbar(p);", ["first", "bar"]),
        ("scoped_guard(mutex, lock_of(a)) {\n\t\tbar();\n\t}", ["lock_of", "bar"]),
        ("p = container_of(get(a), struct foo, m);", ["container_of", "get"]),
        ("WRAP(get(a))\n\tbar();", ["WRAP", "get", "bar"]),
        ("bus_for_each_dev(a, NULL, b, probe);", ["bus_for_each_dev"]),
        ("ret = bus_for_each_dev(a, NULL, b, probe);", ["bus_for_each_dev"]),
        ("if (a)\n\t\tbus_for_each_dev(a, NULL, b, probe);", ["bus_for_each_dev"]),
        ("{\n\t}\n\tbus_for_each_dev(a, NULL, b, probe);", ["bus_for_each_dev"]),
        ("a = b\n\t\t+ get(c);\n\tbar();", ["get", "bar"]),
        ("get(a)\n\t\t->field = 1;", ["get"]),
        ("wait(a, 20,\n\t\tif (get(b))\n\t\t\tbreak;\n\t);", ["get"]),
        ("CHECK(a, return put(b));", ["CHECK", "put"]),
    ],
)
def test_calls_stay_visible(statement: str, callees: list[str]) -> None:
    source = f"void foo(void)\n{{\n\t{statement}\n}}\n"
    assert calls(parsed(source)) == callees


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("int foo(struct bar *, unsigned long);\n", b"struct bar *, unsigned long"),
        ("struct a {\n\tint (*probe)(struct device *, struct b *);\n};\n", b"(struct device *, struct b *)"),
        ("void f(void)\n{\n\ta = (struct foo *)b;\n}\n", b"(struct foo *)b"),
        ("void f(void)\n{\n\ta = sizeof(struct foo);\n}\n", b"sizeof(struct foo)"),
        ("static int\nfoo(struct bar *, int);\n", b"struct bar *"),
        ("int foo(BOOLEAN const a, BAZ b, FOO *c);\n", b"(BOOLEAN const a, BAZ b, FOO *c)"),
        ("int foo(IN BAZ *b);\n", b"(   BAZ *b)"),
        ("void f(void)\n{\n\ta = FOO(X, Y * b, Z(c d));\n}\n", b"(X, Y * b, Z"),
    ],
)  # fmt: skip
def test_types_stay_where_c_has_them(source: str, kept: bytes) -> None:
    assert kept in respell(source.encode()).text


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        (PARSES["annotated function"], "annotation", b"__init"),
        (PARSES["loop"], "loop", b"list_for_each_entry"),
        (PARSES["scoped guard"], "guard", b"scoped_guard"),
        (PARSES["do-while macro"], "loop", b"while_each_thread"),
        (PARSES["inferred type"], "type", b"auto"),
        (PARSES["typeof"], "typeof", b"typeof(*p)"),
        (PARSES["system call"], "definition", b"SYSCALL_DEFINE2"),
        (PARSES["static invocation"], "storage", b"static "),
        (PARSES["bitmap"], "declaration", b"DECLARE_BITMAP"),
        (PARSES["bitmap of a driver's own"], "declaration", b"__FOO_DECLARE_BITMAP"),
        ("int foo(void)\n{\n}\nmodule_init(foo)", "toplevel", b"module_init(foo)"),
        ("FOO(a /* b */, c)\nint foo;", "toplevel", b"FOO(a /* b */, c)"),
        ("#if 0\nint a;\n#endif\n", "dead", b"\nint a;\n"),
        ("int a = 1\n#ifdef X\n+ 2\n#else\n+ 3\n#endif\n;\n", "branch", b"\n+ 3\n"),
    ],
)
def test_what_goes_is_marked(source: str, kind: str, text: bytes) -> None:
    marks = [(mark.kind, mark.text) for mark in respell(source.encode()).marks]
    assert (kind, text) in marks


def test_literals_and_comments() -> None:
    source = b'char *a = "__init /* { */ for_each(x) {"; /* __init */ char b = \'"\'; // "\n'
    text = respell(source).text
    assert b'"__init /* { */ for_each(x) {"' in text
    assert b"'\"'" in text
    assert b"__init */" not in text
    assert not tree_of(source).root_node.has_error


def test_a_comment_of_several_lines_does_not_end_a_macro() -> None:
    inside = b"#ifndef G\n#define F(a) do { /* one\n\t * two */ \\\n\ta(); \\\n} while (0)\nint b;\n#endif\n"
    assert not tree_of(inside).root_node.has_error
    assert b"int b;" in respell(inside).text
    after = b"#define A 1 /* one\n two */\nint b;\n#if A /* one\n two */ || C\nint d;\n#endif\n"
    assert b"A 1       \n " in respell(after).text
    assert not tree_of(after).root_node.has_error


@pytest.mark.parametrize(
    "piece",
    [b"(", b")", b"{", b"({", b"[", b"/*", b'"', b"'", b"\\\n", b"* ", b"const ", b"unsigned ", b";)", b")\"",
     b"case 1 ...", b"... ", b",{", b",.x={", b"\n\tf(a)\n", b"\nf(a)\n", b"#if 1\n#endif\n", b"\n#", b",struct a",
     b"f(a;)", b"for_each(", b"\n \n ", b'\nM(x, "y")\n.a=1', b"#if X\n", b"x;\n#ifdef A\n#endif\n"],
)  # fmt: skip
def test_repetition_costs_no_more_than_its_length(piece: bytes) -> None:
    """Four times the text takes no more than some ten times as long, not sixteen.

    On a busy machine one run may take any time; what grows with the square does so in every run.
    """

    def taken(size: int) -> float:
        text = b"int f(void)\n{\n\t" + piece * (size // len(piece))
        begun = time.process_time()
        respell(text)
        return time.process_time() - begun

    assert any(taken(120_000) < 10 * taken(30_000) + 0.2 for _ in range(8))


@pytest.mark.parametrize(
    "head",
    [
        b"asmlinkage foo_t notrace",
        b"foo_t noinline",
        b"STATIC foo_t",
        b"foo_t __odd",
        b"struct foo_t ODD",
    ],
)
def test_a_type_outlives_annotations(head: bytes) -> None:
    text = respell(head + b" *bar(void)\n{\n}\n").text
    assert text.split(b"*")[0].split()[-1] == b"foo_t"


MUCH = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        b"#include <a.h>" + b" " * MUCH + b"x\n",
        b"int a __" + b"cacheline_aligned" * (MUCH // 17) + b"(",
        b"for_each" * (MUCH // 4),
        b"} " + b"a_for_each" * (MUCH // 5) + b";",
        b"DEFINE_PER_CPU" * (MUCH // 7),
        b"DEFINE_CLASS(a, " + b"b " * MUCH + b", c)",
        b"CLASS(a, b" * (MUCH // 5),
        b"DEFINE_PER_CPU(" + b"[" * MUCH + b", b);",
        b"struct a b[" * (MUCH // 4),
        b",.a[" * (MUCH // 2),
        b"f(0x" + b"f" * MUCH + b"g)",
        (b"({" * 900 + b"a" + b"})" * 900) * (MUCH // 3600),
    ],
    ids=lambda text: text[:16].decode(),
)
def test_hostile_text_is_respelled_in_linear_time(text: bytes) -> None:
    assert len(respell(text).text) == len(text)


def test_loops_and_dimensions_that_stand_among_others_are_found() -> None:
    text = b"\tdo {\n\t} while_each_x(a);\n\tdo {\n\t} a_for_each_b(a, b);\n"
    assert respell(text).text.count(b"while") == 2
    text = respell(b"DEFINE_PER_CPU(int [A[1]] [2], b);\nDEFINE_PER_CPU(int [2], b);\n").text
    assert text.splitlines()[1].split() == [b"int", b"b", b";"]
    text = respell(b"int __cacheline_internodealigned_in_smp a, __cacheline_x b;\n").text
    assert text.split() == [b"int", b"a,", b"__cacheline_x", b"b;"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("DEFINE_CLASS(fd, struct fd,\n\tput(_T), get(a), int a)\nint b;", "int b;"),
        ("DEFINE_CLASS(fd, struct fd, put(_T), get(a), int a);", ""),
        ("void f(void) { CLASS(bar, b)(c); }", "void f(void) { bar b;(c); }"),
        ("void f(void) { CLASS(bar,\n b)( ); }", "void f(void) { bar b; ; }"),
        ("void f(void) { scoped_class(bar, b); }", "void f(void) { scoped_class(bar, b); }"),
    ],
)
def test_an_object_of_a_class_is_a_local_variable(source: str, words: str) -> None:
    text = respell(source.encode()).text
    assert text.decode().split() == words.split()
    assert [i for i, c in enumerate(text) if c == 10] == [
        i for i, c in enumerate(source) if c == "\n"
    ]
