# SPDX-License-Identifier: GPL-2.0-only
"""The reply: threaded, addressed, UTF-8, and nothing in it that a patch or a tree wrote there."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import getaddresses, parsedate_to_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report import samples
from report.hostile import PAYLOADS, documents, obeyed, texts

from kscan import __version__
from kscan.bot import mail
from kscan.bot.mail import Letter, Person, Wishes
from kscan.model import CommitShare, Impact, KscanError, Maintainer

JO = Person("Jo Doe", "jo@example.org")
WISHES = Wishes(JO, datetime(2025, 3, 1, 12, 0, tzinfo=UTC))

SERIES = """\
From mboxrd@z Thu Jan  1 00:00:00 1970
From: Ro Author <ro@example.org>
To: iommu@lists.example.org, =?utf-8?q?J=C3=B6rg?= <joerg@example.org>
Cc: "Doe, Jo" <jo@example.org>, list@example.org
Subject: [PATCH v2 0/2] iommu: Fix the longstanding probe issues, for every
 bus there is
Date: Fri, 28 Feb 2025 15:46:29 +0000
Message-ID: <cover.1@example.org>
References: <root.1@example.org> <v1.1@example.org>
In-Reply-To: <v1.1@example.org>

Cover.

From mboxrd@z Thu Jan  1 00:00:00 1970
From: Ro Author <ro@example.org>
To: iommu@lists.example.org
Subject: [PATCH v2 2/2] second
Message-ID: <patch.2@example.org>
In-Reply-To: <cover.1@example.org>

---
diff --git a/b.c b/b.c
--- a/b.c
+++ b/b.c
@@ -1 +1 @@
-int b;
+int c;

From mboxrd@z Thu Jan  1 00:00:00 1970
From: Ro Author <ro@example.org>
To: iommu@lists.example.org
Subject: [PATCH v2 1/2] first
Message-ID: <patch.1@example.org>
In-Reply-To: <cover.1@example.org>

---
diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -1 +1 @@
-int a;
+int b;

From mboxrd@z Thu Jan  1 00:00:00 1970
From: Someone <someone@example.org>
Subject: Re: [PATCH v2 0/2] iommu: Fix the longstanding probe issues
Message-ID: <reply.1@example.org>

Looks good.
"""


def answered(text: str | bytes = SERIES) -> Letter:
    return mail.answered([("series.mbox", text if isinstance(text, bytes) else text.encode())])


def reply(impact: Impact | None = None, letter: Letter | None = None, **wishes) -> EmailMessage:
    raw = mail.reply(letter or answered(), impact or samples.change(), replace(WISHES, **wishes))
    raw.decode("utf-8")
    read = email.message_from_bytes(raw, policy=default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    return read


def without_cover() -> str:
    return "From mboxrd@z" + SERIES.split("From mboxrd@z", 2)[2]


def test_reply_is_to_the_cover_letter() -> None:
    read = reply()
    assert read["In-Reply-To"] == "<cover.1@example.org>"
    assert read["References"].split() == [
        "<root.1@example.org>", "<v1.1@example.org>", "<cover.1@example.org>",
    ]  # fmt: skip
    assert read["Subject"] == (
        "Re: [PATCH v2 0/2] iommu: Fix the longstanding probe issues, for every bus there is"
    )


def test_reply_is_to_the_first_patch_where_there_is_no_cover_letter() -> None:
    read = reply(letter=answered(without_cover()))
    assert read["In-Reply-To"] == "<patch.1@example.org>"
    assert read["References"].split() == ["<cover.1@example.org>", "<patch.1@example.org>"]
    assert read["Subject"] == "Re: [PATCH v2 1/2] first"


def test_reply_is_to_the_last_version() -> None:
    old = SERIES.replace("v2", "v1").replace("@example.org>\nIn", "@old.example>\nIn")
    assert answered(old + SERIES).id == "<cover.1@example.org>"
    assert answered(SERIES + old).id == "<cover.1@example.org>"


def test_reply_goes_to_all_but_the_sender() -> None:
    read = reply()
    assert str(read["From"]) == "Jo Doe <jo@example.org>"
    assert str(read["To"]) == "Ro Author <ro@example.org>"
    assert getaddresses([str(read["Cc"])]) == [
        ("", "iommu@lists.example.org"), ("Jörg", "joerg@example.org"), ("", "list@example.org"),
    ]  # fmt: skip


def test_the_author_of_the_patch_that_introduces_is_copied() -> None:
    text = SERIES.replace(
        "<patch.2@example.org>\nIn-Reply-To: <cover.1@example.org>\n\n",
        "<patch.2@example.org>\n\nFrom: Al Other <al@example.org>\n\n",
    )
    first, second = CommitShare("", "first", ("v1-1",)), CommitShare("", "second", ("v1-2",))
    for shares, copied in (((second,), True), ((first,), False), ((), False)):
        impact = replace(samples.change(), commits=shares)
        read = reply(impact, answered(text))
        assert ("al@example.org" in str(read["Cc"])) is copied
        assert "ro@example.org" not in str(read["Cc"])


def test_reply_to_own_patch_goes_to_the_others() -> None:
    own = replace(WISHES, sender=Person("", "RO@example.org"))
    read = email.message_from_bytes(mail.reply(answered(), samples.change(), own), policy=default)
    assert "joerg@example.org" in str(read["To"])
    assert read["Cc"] is None


def test_reply_to_header_is_honoured() -> None:
    letter = answered(SERIES.replace("Subject:", "Reply-To: Ro <ro@home.example>\nSubject:", 1))
    assert letter.to == (Person("Ro", "ro@home.example"),)


def test_nobody_to_reply_to() -> None:
    with pytest.raises(KscanError, match="nobody to reply to"):
        reply(letter=Letter("<a@b>", "x", (), (), ()))


def test_maintainers_only_when_asked() -> None:
    assert "Jo Maintainer" not in str(reply()["Cc"])
    found = getaddresses([str(reply(maintainers=True)["Cc"])])
    assert ("Jo Maintainer", "jo@example.org") not in found  # that address is the sender's
    assert ("IOMMU list", "iommu@lists.example.org") not in found  # on the patch already
    other = replace(
        samples.late_global(), maintainers=(Maintainer("Ma Ö", "ma@example.org", "maintainer"),)
    )
    read = reply(replace(samples.change(), introduced=(other,)), maintainers=True)
    assert ("Ma Ö", "ma@example.org") in getaddresses([str(read["Cc"])])


def test_headers_of_a_message() -> None:
    read = reply()
    assert parsedate_to_datetime(read["Date"]) == WISHES.date
    assert re.fullmatch(r"<kscan-[0-9a-f]{20}@example\.org>", read["Message-ID"])
    assert read["Message-ID"] == reply()["Message-ID"]
    assert read["Message-ID"] != reply(samples.quiet_change())["Message-ID"]
    assert read.get_content_type() == "text/plain"
    assert read.get_content_charset() == "utf-8"
    assert read["Content-Transfer-Encoding"] == "7bit"
    other = replace(samples.change(), reproduce="kscan diff 'für'")
    assert reply(other)["Content-Transfer-Encoding"] == "8bit"


def test_body_is_the_report_with_base_commit_and_signature() -> None:
    text = reply().get_content()
    assert text.startswith("kscan: 2 findings introduced in 2 files")
    assert "    kscan diff v6.14..fedcba987654" in text
    assert f"\nbase-commit: {samples.change().base.commit}\n" in text
    assert text.endswith(f"\n-- \nkscan {__version__}\n")
    assert max(len(row) for row in text.splitlines()) <= 72


def test_no_finding_is_one_line() -> None:
    rows = reply(samples.quiet_change()).get_content().splitlines()
    assert rows[:2] == ["kscan: No finding introduced.", ""]
    assert len(rows) == 5


def test_trailers_only_when_asked_and_quoted() -> None:
    assert "Reported-by" not in reply().get_content()
    read = reply(reported_by=True)
    own = str(read["Message-ID"]).strip("<>")
    rows = read.get_content().splitlines()
    assert "| Reported-by: Jo Doe <jo@example.org>" in rows
    assert f"| Closes: https://lore.kernel.org/all/{own}/" in rows
    assert "Reported-by" not in reply(samples.quiet_change(), reported_by=True).get_content()
    elsewhere = reply(reported_by=True, archive="https://lists.example.org/x").get_content()
    assert f"| Closes: https://lists.example.org/x/{own}/" in elsewhere


def test_names_that_are_not_ascii() -> None:
    sender = Person("Jörg 漢字 Müller-Lüdenscheidt von und zu Hohenlohe-Öhringen", "j@example.org")
    letter = replace(
        answered(), subject="[PATCH] iommu: für alle Geräte 漢字 " + "lang " * 30,
        to=(Person('Quote "Q" \\ Doe, Jr.', "q@example.org"),),
    )  # fmt: skip
    raw = mail.reply(letter, samples.change(), replace(WISHES, sender=sender))
    head = raw.partition(b"\n\n")[0]
    head.decode("ascii")
    assert max(len(row) for row in head.split(b"\n")) <= 100
    read = email.message_from_bytes(raw, policy=default)
    assert getaddresses([str(read["From"])]) == [(sender.name, sender.address)]
    assert read["To"].addresses[0].display_name == letter.to[0].name
    assert str(read["Subject"]) == "Re: " + letter.subject.strip()


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_that_nobody_encoded(encoding: str) -> None:
    text = SERIES.replace("=?utf-8?q?J=C3=B6rg?=", "Jörg Müller").encode(encoding)
    letter = answered(text)
    people = [str(person) for person in (*letter.to, *letter.cc)]
    assert "Jörg Müller <joerg@example.org>" in people


def test_long_thread_keeps_its_first_and_last_ids() -> None:
    ids = tuple(f"<{n}.{'x' * 100}@example.org>" for n in range(60))
    raw = mail.reply(replace(answered(), references=ids), samples.change(), WISHES)
    assert max(len(row) for row in raw.split(b"\n")) <= 998
    found = email.message_from_bytes(raw)["References"].split()
    assert len(found) == mail.MOST_REFERENCES
    assert (found[0], found[-1]) == (ids[0], "<cover.1@example.org>")
    assert found[1:-1] == list(ids[-18:])


def test_long_line_is_encoded() -> None:
    impact = replace(samples.change(), reproduce="kscan diff '" + "漢" * 390 + "'")
    raw = mail.reply(answered(), impact, WISHES)
    assert max(len(row) for row in raw.split(b"\n")) <= 998
    assert "漢" * 380 in email.message_from_bytes(raw, policy=default).get_content()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "no patch in it to reply to"),
        ("just text\n", "no patch in it to reply to"),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "no Message-ID"),
        (without_cover().replace("Message-ID: <patch.1@example.org>\n", ""), "no Message-ID"),
        (SERIES.replace("<cover.1@example.org>", "cover.1@example.org"), "no Message-ID"),
        (SERIES.replace("Subject: [", "Subject: Re: ["), "no patch in it to reply to"),
    ],
)
def test_mbox_that_cannot_be_answered_is_one_line(text: str, hint: str) -> None:
    with pytest.raises(KscanError, match=f"series.mbox: .*{hint}"):
        answered(text)


def test_sender() -> None:
    assert mail.sender("Jo <jo@x.org>", {"EMAIL": "a@x.org"}) == Person("Jo", "jo@x.org")
    by_git = {"GIT_AUTHOR_NAME": "Jo", "GIT_AUTHOR_EMAIL": "jo@x.org", "EMAIL": "a@x.org"}
    assert mail.sender("", by_git) == Person("Jo", "jo@x.org")
    assert mail.sender("", {"EMAIL": "a@x.org"}) == Person("", "a@x.org")
    for text in ("", "nobody", "a@x.org, b@x.org", "a@x.org\nBcc: c@x.org", "<>"):
        with pytest.raises(KscanError, match="give --from 'Jo Doe"):
            mail.sender(text, {})


def test_date_is_that_of_source_date_epoch() -> None:
    assert mail.now({"SOURCE_DATE_EPOCH": "1740830400"}) == datetime(2025, 3, 1, 12, tzinfo=UTC)
    assert mail.now({}).tzinfo is not None


# Hostile text

slow = settings(max_examples=80, suppress_health_check=list(HealthCheck))
HEADERS = {
    "From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "User-Agent", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
}  # fmt: skip
TRAILER = re.compile(r"(?im)^\s*[a-z-]+-by:|^(?:link|closes|fixes|cc|base-commit):")


def check(raw: bytes, *, own_trailers: int = 0) -> None:
    text = raw.decode("utf-8")
    assert not obeyed(text)
    assert max(len(row) for row in raw.split(b"\n")) <= 998
    head = text.partition("\n\n")[0]
    assert head.isascii()
    for policy in (default, SMTP):
        read = email.message_from_bytes(raw, policy=policy)
        assert set(read.keys()) <= HEADERS
        assert len(read.keys()) == len(set(read.keys()))
        assert not read.is_multipart()
        body = read.get_content()
        assert len(TRAILER.findall(body)) <= own_trailers
        assert not [r for r in body.splitlines() if r.startswith(("From ", "diff ")) or r == "---"]
        for name in ("From", "To", "Cc", "Subject"):
            assert not obeyed(str(read[name] or ""))
            assert "\n" not in str(read[name] or "")


@slow
@given(document=documents.filter(lambda document: isinstance(document, Impact)))
def test_tree_cannot_inject(document: Impact) -> None:
    raw = mail.reply(answered(), document, replace(WISHES, maintainers=True))
    check(raw, own_trailers=1)


def check_answer(mbox: bytes) -> None:
    try:
        message = mail.reply(answered(mbox), samples.quiet_change(), WISHES)
    except KscanError as error:
        assert "\n" not in str(error)
        return
    check(message, own_trailers=1)


def patched(name: str, value: str) -> bytes:
    head, body = SERIES.split("\n\nCover.", 1)
    kept = [row for row in head.split("\n") if not row.startswith((f"{name}:", " "))]
    return ("\n".join([*kept, f"{name}: {value}"]) + "\n\nCover." + body).encode(
        "utf-8", "surrogatepass"
    )


def encoded(payload: str) -> str:
    from base64 import b64encode

    return f"=?utf-8?b?{b64encode(payload.encode('utf-8', 'surrogatepass')).decode()}?="


@pytest.mark.parametrize("name", ["From", "To", "Cc", "Subject", "References", "Message-ID"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_patch_cannot_inject(name: str, payload: str) -> None:
    payload = payload[:2000]
    flat = payload.replace("\n", " ").replace("\r", " ")
    shapes = (flat, f"{flat} <m@example.org>", f"{encoded(payload)} <m@example.org>",
              f'"{flat}" <m@example.org>, {flat}', f"<{flat}@example.org>",
              payload.replace("\n", "\n "), encoded(encoded(payload)))  # fmt: skip
    for shape in shapes:
        check_answer(patched(name, shape))


@slow
@given(name=st.sampled_from(["From", "To", "Cc", "Subject", "References"]), text=texts)
def test_patch_with_any_header(name: str, text: str) -> None:
    check_answer(patched(name, text[:5000]))


@slow
@given(raw=st.binary(max_size=300) | texts.map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_letter_or_one_line(raw: bytes) -> None:
    check_answer(b"Message-ID: <a@b>\nSubject: [PATCH 0/1] x\nFrom: a@b.c\n" + raw)


def test_comments_inside_each_other_are_nobody() -> None:
    assert mail._people(["(" * 10_000, "a:" * 10_000]) == []
