# SPDX-License-Identifier: GPL-2.0-only
"""Kernel C as syntax trees: the dialect, the parser, the queries."""
