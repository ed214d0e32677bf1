# SPDX-License-Identifier: GPL-2.0-only
"""What a change does: the pieces of a diff, each a question about two states of the source."""
