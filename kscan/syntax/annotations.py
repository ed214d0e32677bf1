# SPDX-License-Identifier: GPL-2.0-only
"""Words of a declaration that are no C: section and address-space annotations, attributes, asm.

The words are those of ``include/linux/compiler_attributes.h``, ``compiler_types.h``, ``init.h``,
``cache.h``, ``linkage.h`` and their likes; families such as ``__init*`` are matched whole.
"""

from __future__ import annotations

import re

from kscan.syntax.draft import Draft, blank

PARENTHESES = rb"\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\))*+\))*+\)"
"""A parenthesised text, six levels deep; each level possessive, so a failure is final."""

_WITH_ARGUMENTS = (
    rb"attribute(?:__)?|declspec|printf|scanf|strftime|gnu_printf|aligned|section|alias|malloc|alloc_size"
    rb"|realloc_size|assume_aligned|acquires|releases|must_hold\w*|cond_acquires\w*|cond_releases|acquire|release"
    rb"|counted_by\w*|sized_by\w*|guarded_by|pt_guarded_by|free|cleanup|copy|diagnose_as|errordecl|warning|error"
    rb"|bdos|no_sanitize|nonnull|format_arg|optimize|target|weakref|ifunc|vector_size|bpf_fastcall|section_\w+"
    rb"|access|class|nonnull_params|returns_nonnull|print_format|printf_like|btf_type_tag|context\w*|attribute_const\w*"
)
_WORDS = (
    rb"init\w*|exit\w*|ref\w*|devinit\w*|devexit\w*|cpuinit\w*|meminit\w*|memexit\w*|net_init\w*|net_exit\w*|net_ref\w*"
    rb"|paginginit|iomem|user|kernel|percpu|rcu|force|nocast|bitwise|private|safe|must_check|maybe_unused|always_unused"
    rb"|unused\w*|used|packed\w*|aligned\w*|visible|weak|pure|const|cold|hot|sched|lockfunc|kprobes|latent_entropy|randomize_layout"
    rb"|no_\w+|malloc|nonstring\w*|read_mostly|ro_after_init|\w*cacheline_aligned\w*|cacheline_internodealigned_in_smp"
    rb"|page_aligned_\w+|noreturn|noinline\w*|always_inline\w*|inline(?:__)?|flatten|naked|noclone|irq_entry|softirq_entry|exception_irq_entry"
    rb"|noendbr|nocfi|nocapture|signed(?:__)?|volatile(?:__)?|restrict(?:__)?|const__|extension__|designated_init|overloadable|noscs|cpuidle|lazy|vsyscall_gtod_data|bpf_kfunc\w*|bpf_hook\w+"
    rb"|maybe_unused\w*|attribute_const__|attribute_pure__|fentry|noipa|cpu0|safe|arch_\w+section|efi_retpoline|efistub_global|cpumask_var_read_mostly|fortify_\w+|gnu_inline|pass_object_size\w*|nostackprotector|stackprotector|nopax|deprecated|bpf_percpu|mmuregs|kptr\w*|ksym|arena|hidden|ksm_\w+|kconfig|uptr|arg_\w+|init_or_module|initdata_or_module|initconst_or_module|compat_init|lsm_ro_after_init|nosave\w*|pcpu_\w*aligned|tagged_addr|cfi\w*|nonnull"
)
_ANNOTATION = re.compile(
    rb"(?<![\w.>])_{2,4}(?:(?:" + _WITH_ARGUMENTS + rb")[ \t]*" + PARENTHESES + rb"|(?:" + _WORDS + rb")\b(?![ \t]*[(;=\[]))"
)
_BARE = re.compile(
    rb"\b(?:asmlinkage|noinline\w*|notrace|nokprobe_inline|noreturn|fastcall|STATIC|INLINE|EXPORT|UNINLINED"
    rb"|fallthrough_unused)\b(?=[ \t\n]+[\w*])"
)
_ASM = re.compile(
    rb"(?<![\w.>])(?:__asm__|__asm|asm|asm_volatile_goto|asm_goto_output|asm_inline)\b"
    rb"(?:\s++(?:volatile|__volatile__|goto|inline|__inline__|__inline))*+\s*+" + PARENTHESES
)


def blank_annotations(draft: Draft) -> None:
    """Blank annotations and attributes; each is a mark of kind ``annotation``."""

    def spell(m: re.Match[bytes]) -> bytes:
        draft.mark(m.start(), m.end(), "annotation")
        return blank(m[0])

    draft.rewrite(_ANNOTATION, spell)
    draft.rewrite(_BARE, spell)


def blank_assembly(draft: Draft) -> None:
    """Blank ``asm (...)`` blocks, operands included; each is a mark of kind ``asm``."""

    def spell(m: re.Match[bytes]) -> bytes:
        draft.mark(m.start(), m.end(), "asm")
        return blank(m[0])

    draft.rewrite(_ASM, spell)
