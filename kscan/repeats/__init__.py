# SPDX-License-Identifier: GPL-2.0-only
"""Callbacks that run again: what the second call finds, and does wrong."""
