# SPDX-License-Identifier: GPL-2.0-only
"""kscan.toml: what it may say, and the line a mistake gets."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kscan.config import Config, Policy, Threshold, config_of, read_config
from kscan.model import Confidence, KscanError, Severity

WHOLE = b"""
[[suppress]]
path = "drivers/iommu/foo*.c"
function = "foo_probe"
rule = "late-global"
reason = "foo has one instance, and its clients wait for it"
expires = 2027-01-31

[policy]
fail_on_new_skips = true
[policy.comment]
severity = "warning"
[policy.fail]
confidence = "medium"
rules = ["late-global", "late-drvdata"]
"""


def test_the_whole_file() -> None:
    config = config_of(WHOLE)
    (entry,) = config.suppress
    assert (entry.path, entry.function, entry.rule) == (
        "drivers/iommu/foo*.c",
        "foo_probe",
        "late-global",
    )
    assert entry.expires == date(2027, 1, 31)
    assert config.policy == Policy(
        comment=Threshold(Severity.WARNING),
        fail=Threshold(confidence=Confidence.MEDIUM, rules=("late-global", "late-drvdata")),
        fail_on_new_skips=True,
    )


def test_nothing_said_fails_on_errors_of_high_confidence() -> None:
    config = config_of(b"")
    assert config == Config()
    assert config.policy.fail == Threshold(Severity.ERROR, Confidence.HIGH)
    assert config.policy.comment == Threshold(Severity.NOTE, Confidence.MEDIUM)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[[supress]]\n", "unknown field `supress`"),
        (b'[[suppress]]\nreason = "r"\nfunctoin = "f"\n', "unknown field `functoin`"),
        (b"[policy.fail]\nconfidance = 1\n", "unknown field `confidance`"),
        (b"[[suppress]]\nrule = 'late-global'\n", "required field `reason`"),
        (b"[[suppress]]\nrule = 'late-global'\nreason = ' '\n", "the reason is empty"),
        (b"[[suppress]]\nreason = 'r'\n", "it would accept everything"),
        (b"[[suppress]]\nrule = 'r'\nreason = 'r'\nexpires = 'soon'\n", "expires"),
        (b"[policy.fail]\nseverity = 'fatal'\n", "fatal"),
        (b"\xff\xfe", "not TOML"),
        (b"[[suppress\n", "not TOML"),
    ],
)
def test_a_mistake_is_named(content: bytes, said: str) -> None:
    with pytest.raises(KscanError) as caught:
        config_of(content, "at/kscan.toml")
    assert str(caught.value).startswith("at/kscan.toml: ") or "suppress[0]" in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_key_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KscanError, match="known keys are reason, path, function, rule, expires"):
        config_of(b'[[suppress]]\nreason = "r"\nfile = "f"\n')


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[policy]\nfail_on_new_skips = 'yes'\n", "give true or false"),
        (
            b"[policy]\nfial = 1\n",
            "known keys are comment, fail, fail_on_new_skips, fail_on_still_there",
        ),
        (b"[policy.fail]\nconfidence = 'hgh'\n", "give one of low, medium, high"),
        (b"[policy.fail]\nseverity = 'fatal'\n", "give one of error, warning, note"),
        (b"[policy.fail]\nrules = 'late-global'\n", 'give a list such as ["late-global"]'),
        (b"[policy]\nfail = 1\n", "known keys are severity, confidence, rules"),
        (b"[suppress]\nreason = 'r'\n", "write [[suppress]]"),
        (b"[[suppress]]\nreason = 1\n", "give a string"),
        (b"[[suppress]]\nreason = 'r'\nexpires = 'soon'\n", "such as 2027-01-31"),
        (b"[[suppress]]\nreason = 'r'\nexpires = 2027-01-31T10:00:00\n", "such as 2027-01-31"),
    ],
)
def test_a_value_of_the_wrong_kind_is_answered_with_the_right_one(
    content: bytes, said: str
) -> None:
    with pytest.raises(KscanError) as caught:
        config_of(content)
    assert str(caught.value).endswith(said)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(KscanError, match="no such file"):
        read_config(tmp_path / "kscan.toml")
    (tmp_path / "kscan.toml").write_bytes(WHOLE)
    assert read_config(tmp_path / "kscan.toml") == config_of(WHOLE)


@pytest.mark.parametrize("content", [b"a = " + b"[" * 100_000, b"a = " + b"1" * 5000])
def test_what_the_parser_gives_up_is_no_configuration(content: bytes) -> None:
    with pytest.raises(KscanError, match="not TOML"):
        config_of(content)


def test_a_key_of_many_parts_is_refused() -> None:
    with pytest.raises(KscanError, match="200 dots"):
        config_of(b"a." * 500_000 + b"a = 1")
