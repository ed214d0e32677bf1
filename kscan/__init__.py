# SPDX-License-Identifier: GPL-2.0-only
"""kscan: which unmodified drivers a Linux kernel core change puts at risk."""

__version__ = "0.1.0"
