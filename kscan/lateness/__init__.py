# SPDX-License-Identifier: GPL-2.0-only
"""Late writes: what a probe sets only after it has registered, and who meets it before."""
