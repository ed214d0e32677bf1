# SPDX-License-Identifier: GPL-2.0-only
"""The commands with which a reader checks by hand what an audit claims.

Each module answers one question about one tree with a document of plain values, as JSON has
them, and renders it as text; what the answer rests on and what stays unresolved is part of it.
"""
