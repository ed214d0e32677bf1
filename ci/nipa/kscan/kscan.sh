#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A test of netdev's CI: link this directory as tests/patch/kscan of a NIPA checkout for one
# verdict a patch, or as tests/series/kscan for one verdict a series.

case "$(basename "$(dirname "$(dirname "$0")")")" in
series) exec kscan bot nipa --range "$BRANCH_BASE..HEAD" ;;
*)      exec kscan bot nipa ;;
esac
