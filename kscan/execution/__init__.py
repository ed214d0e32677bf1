# SPDX-License-Identifier: GPL-2.0-only
"""A function executed abstractly, in a world where something is not written yet."""
