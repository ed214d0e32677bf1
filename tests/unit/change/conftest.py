# SPDX-License-Identifier: GPL-2.0-only
"""Small trees, and changes on top of them in memory."""

from small_trees import made

__all__ = ["made"]
