# SPDX-License-Identifier: GPL-2.0-only
"""Who is hit: Kconfig symbols, compatibles, boards, maintainers."""
