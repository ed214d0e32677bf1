# SPDX-License-Identifier: GPL-2.0-only
"""One function on demand: control flow, dominance, and what runs under an assumption."""
