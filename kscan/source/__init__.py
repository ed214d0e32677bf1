# SPDX-License-Identifier: GPL-2.0-only
"""The kernel source as trees: directories, commits, patches on top; the one door to git."""
