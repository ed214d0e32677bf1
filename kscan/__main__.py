# SPDX-License-Identifier: GPL-2.0-only
"""The command line as ``python -m kscan``: where the scripts of the environment are not on PATH."""

from kscan.cli import main

if __name__ == "__main__":
    main()
