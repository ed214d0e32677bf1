# SPDX-License-Identifier: GPL-2.0-only
"""The catalogue: kernel knowledge as data."""
