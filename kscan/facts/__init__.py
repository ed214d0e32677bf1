# SPDX-License-Identifier: GPL-2.0-only
"""What one blob says by itself: declarations, tables, bodies; and the store that keeps them."""
