# SPDX-License-Identifier: GPL-2.0-only
"""Registration windows: what runs inside a registration, and what it finds not yet ready."""
