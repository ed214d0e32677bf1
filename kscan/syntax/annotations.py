# SPDX-License-Identifier: GPL-2.0-only
"""Words of a declaration that are no C: section and address-space annotations, attributes, asm.

The words are those of ``include/linux/compiler_attributes.h``, ``compiler_types.h``, ``init.h``,
``cache.h``, ``linkage.h`` and their likes; families such as ``__init*`` are matched whole.
"""

from __future__ import annotations

import re

from kscan.syntax.draft import Draft

PARENTHESES = rb"\([^()]*+\)"
"""A parenthesised text, seven levels deep; each level possessive, so a failure is final."""
for _ in range(6):
    PARENTHESES = rb"\((?:[^()]++|" + PARENTHESES + rb")*+\)"

_TAKING_ARGUMENTS = (
    rb"attribute(?:__)?|declspec|printf|scanf|strftime|gnu_printf|aligned|section|alias|malloc|alloc_size"
    rb"|realloc_size|assume_aligned|acquires\w*|releases\w*|must_hold\w*|cond_acquires\w*|cond_releases"
    rb"|counted_by\w*|sized_by\w*|guarded_by|pt_guarded_by|free|cleanup|copy|diagnose_as|no_sanitize"
    rb"|nonnull|format_arg|optimize|target|weakref|vector_size|access|btf_type_tag|bootdata\w*|mode"
    rb"|compiletime_(?:error|warning)|(?:not_)?msg(?:_unpriv)?|retval(?:_unpriv)?|flag|description|log_level|xlated|jited|load_if_JITed|btf_path"
)
_ALONE = (
    rb"init(?:data|const)?+(?:_or_\w+|_memblock)?+|exit(?:data|used|_refok)?|ref|refdata|refconst|dev(?:init|exit)\w*|cpuinit\w*|mem(?:init|exit)\w*"
    rb"|net_(?:init|exit)\w*|paginginit|iomem|user|kernel|percpu(?:_kptr)?|rcu|force|nocast|bitwise\w*|private|safe"
    rb"|must_check|maybe_unused\w*|always_unused|always_used|unused\w*|used|packed\w*|aligned\w*|visible\w*|weak"
    rb"|pure|const|cold|hot|head|sched|lockfunc|kprobes|latent_entropy|randomize_layout|no_(?:sanitize|kcsan|kasan|kmsan|stack|randomize|caller|profile|ubsan)\w*|malloc"
    rb"|nonstring\w*|read_mostly|ro_after_init|(?>\w*?cacheline_)(?>\w*?aligned)\w*+|page_aligned_\w+|noreturn|noinline\w*"
    rb"|always_inline\w*|inline(?:__)?|flatten|naked|noclone|irq_entry|softirq_entry|exception_irq_entry"
    rb"|noendbr|nocfi|nocf_check|signed__|volatile__|restrict(?:__)?|const__|extension__|designated_init"
    rb"|overloadable|noscs|cpuidle|bpf_kfunc(?:_start_defs|_end_defs)?|attribute_const__|noipa|efi_retpoline|efiapi|cdecl|stdcall"
    rb"|nostackprotector|deprecated|lsm_ro_after_init|nosave\w*|data_racy|tcm\w+|xipram|bss_decrypted"
    rb"|gnu_inline|long_aligned|function_aligned|tracepoint_string|no(?:init)?retpoline|notrace\w*|idmap"
    rb"|moduleparam_const|cpumask_var_read_mostly|bpfcall|async_inline|assume_\w+_alignment|ksym\w*|kconfig"
    rb"|kptr\w*|uptr|arena|hidden|arg_\w+|success(?:_unpriv)?|failure(?:_unpriv)?|naked__|attribute_used__|tcp_ao_key_align"
)
_ANNOTATION = re.compile(
    rb"__(?<![\w.>]__)_{0,2}(?:(?:"
    + _TAKING_ARGUMENTS
    + rb")\s*+"
    + PARENTHESES
    + rb"|(?:"
    + _ALONE
    + rb")\b(?!\s*+\())"
)
_TAGGED = re.compile(
    rb"struct\s++\w++[\s*]++(?!const\b|volatile\b)\w++(?:\[[^][\n]*+\])*+[ \t]++(\w++)(?=\s*+[;=])"
)
_TYPED = re.compile(rb"__(?<![\w.>]__)[a-z]\w*+(?=[ \t]*+\*|[ \t]++\w)")
_TYPE_ENDS = re.compile(
    rb"(?:\b(?:void|bool|char|short|int|long|unsigned|signed|float|double|\w+_t"
    rb"|(?:__)?(?:[us]|[bl]e)(?:8|16|32|64)|(?:struct|union|enum)\s+\w+))[ \t*]+\Z"
)
_ARRAY = re.compile(rb"\][ \t]*+(\w++[ \t]*+(?:" + PARENTHESES + rb")?+)(?=\s*+[;=])")
_DIRECTION = re.compile(
    rb"[(,]\s*+([A-Z][A-Z_]++(?:\s++OUT)?+)\s++(?=(?:(?:const|volatile|unsigned|signed|struct|union|enum)\s++)*+"
    rb"(?!(?:const|volatile)\b)\w++[\s*]++(?!const\b)\w++(?:\[[^][\n]*+\])*+\s*+[,)])"
)
"""``IN`` or ``OUT`` before a parameter: a third word beside its type and its name."""
_QUALIFIER = re.compile(
    rb"\n[ \t]++([A-Z][A-Z\d_]++)[ \t]++"
    rb"(?=(?:const[ \t]++)?+(?:struct|union|enum)[ \t]++\w++[ \t*]++\w)"
)
"""``FOO_CONST struct x *a;`` in a function: a macro that is const for some versions alone."""
_OPERATORS = frozenset((b"=", b"&", b"!", b"<", b"+", b"-", b"/", b"|", b"?", b"^", b"%", b"~"))
"""After one of these the word is an operand, not an annotation."""

_ASM = re.compile(
    rb"asm(?<![A-Za-z0-9.>]asm)(?:__|_volatile_goto|_goto_output|_inline)?+"
    rb"(?:\s++(?:__)?(?:volatile|goto|inline)(?:__)?)*+\s*+" + PARENTHESES
)


def blank_annotations(draft: Draft) -> None:
    """Blank annotations and attributes; each is a mark of kind ``annotation``."""
    text = bytes(draft.text)
    for m in _ANNOTATION.finditer(text):
        if text[max(0, m.start() - 2) : m.start()].strip()[-1:] not in _OPERATORS:
            draft.mark(m.start(), m.end(), "annotation")
            draft.blank(m.start(), m.end())
    for pattern in (_TAGGED, _ARRAY, _DIRECTION):
        for m in pattern.finditer(bytes(draft.text)):
            draft.mark(*m.span(1), "annotation")
            draft.blank(*m.span(1))
    for m in _QUALIFIER.finditer(text):
        if draft.before(m.start())[-1:] in (b";", b"{", b"}"):
            draft.mark(*m.span(1), "annotation")
            draft.blank(*m.span(1))
    for m in _TYPED.finditer(text):
        if _TYPE_ENDS.search(text, max(0, m.start() - 40), m.start()):
            draft.mark(*m.span(), "annotation")
            draft.blank(*m.span())


def blank_assembly(draft: Draft) -> None:
    """Blank ``asm (...)`` blocks, operands included; each is a mark of kind ``asm``."""
    if b"asm" not in draft.text:
        return
    text = bytes(draft.text)
    for m in _ASM.finditer(text):
        start = m.start() - 2 if text.startswith(b"__", max(0, m.start() - 2)) else m.start()
        draft.mark(start, m.end(), "asm")
        draft.blank(start, m.end())
