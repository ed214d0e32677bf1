# SPDX-License-Identifier: GPL-2.0-only
"""Registration windows: who registers what, and what runs inside that."""
