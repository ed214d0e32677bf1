# SPDX-License-Identifier: GPL-2.0-only
"""Findings over time, and findings beside a log."""
