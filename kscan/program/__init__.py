# SPDX-License-Identifier: GPL-2.0-only
"""Facts linked across blobs: symbols, types, ops tables and the call graph."""
