# SPDX-License-Identifier: GPL-2.0-only
"""One contract in one tree: everything that the rules ask of it, and the evidence."""
