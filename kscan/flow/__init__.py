# SPDX-License-Identifier: GPL-2.0-only
"""One function on demand: control flow, what it writes, and what becomes of what it acquires."""
