# SPDX-License-Identifier: GPL-2.0-only
"""The pre-merge bot: a verdict for a range, said once where the change is discussed.

One module a place: GitHub, GitLab, mailing lists, netdev's CI. What is said comes from
:mod:`kscan.report`, what fails from the policy in ``kscan.toml``. The bot computes nothing and
runs nothing of the tree it reports on; the policy is that of the base, never of the change.
"""
