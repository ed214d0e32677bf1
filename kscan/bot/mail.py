# SPDX-License-Identifier: GPL-2.0-only
"""A reply to a patch on a mailing list: an RFC 5322 message, ready for sendmail, never sent.

It answers the cover letter, or the first patch where there is none, and goes to whom a reply
to all goes. Plain text, as Documentation/process/email-clients.rst asks: UTF-8, not folded,
not encoded where 8 bits will do. The trailers stand quoted, so that no tool takes them for
those of the patch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.charset import QP, Charset
from email.generator import BytesGenerator
from email.header import Header
from email.message import Message as Mail
from email.policy import compat32
from email.utils import format_datetime, formataddr, getaddresses
from hashlib import sha256
from io import BytesIO
from urllib.parse import quote

from kscan import __version__
from kscan.model import Impact, KscanError
from kscan.report import clean, render
from kscan.source.mail import Message, decoded, letters, parsed

ARCHIVE = "https://lore.kernel.org/all/"
MOST_REFERENCES = 20
"""Ids in References; of a longer thread the first and the last stay."""
MOST_PEOPLE = 200
LONGEST_LINE = 990
"""Bytes of a line that goes without an encoding; RFC 5322 allows 998."""

_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"{_WORD}(?:\.{_WORD})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
LONGEST_ADDRESS = 254
_ID = re.compile(r"<[!-;=?-~]{1,240}@[!-;=?-~]{1,240}>")
_WRITTEN = re.compile(rb"\s*From: ([^\n]{1,500})\n")
_REPLY = re.compile(r"(?i)^\s*re:\s*")


@dataclass(frozen=True, slots=True)
class Person:
    """A name, which may be empty, and an address."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True)
class Letter:
    """What a reply has to know of the message that it answers."""

    id: str
    subject: str
    references: tuple[str, ...]
    to: tuple[Person, ...]
    """Who wrote it, or where answers are to go."""
    cc: tuple[Person, ...]
    authors: tuple[tuple[str, Person], ...] = ()
    """Who wrote the patches around it, by their subjects."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the reply is written."""

    sender: Person
    date: datetime
    reported_by: bool = False
    """Offer the trailers ``Reported-by`` and ``Closes``."""
    maintainers: bool = False
    """Copy to the maintainers of the drivers hit."""
    archive: str = ARCHIVE


def now(variables: Mapping[str, str]) -> datetime:
    """The time to date a message with: that of SOURCE_DATE_EPOCH where it is set."""
    seconds = variables.get("SOURCE_DATE_EPOCH", "")
    if re.fullmatch("[0-9]{1,11}", seconds):
        return datetime.fromtimestamp(int(seconds), UTC)
    return datetime.now(UTC).astimezone()


def sender(text: str, variables: Mapping[str, str]) -> Person:
    """Who writes: ``Jo Doe <jo@example.org>``, or who git's variables name; raises `KscanError`."""
    for prefix in ("GIT_AUTHOR", "GIT_COMMITTER"):
        address = variables.get(f"{prefix}_EMAIL", "")
        text = text or (address and f"{variables.get(f'{prefix}_NAME', '')} <{address}>")
    text = text or variables.get("EMAIL", "")
    found = _people([text])
    if len(found) != 1:
        given = f"--from {text!r}: not one address" if text else "who writes is not known"
        raise KscanError(f"{given}; give --from 'Jo Doe <jo@example.org>'")
    return found[0]


def answered(contents: Sequence[tuple[str, bytes]]) -> Letter:
    """The message to reply to, in patch files given as name and bytes.

    That is the cover letter of the last version, or its first patch; raises `KscanError`.
    """
    found: list[tuple[Message, bytes]] = []
    for name, content in contents:
        found += letters(name, content)
    own = [(m, raw) for m, raw in found if not m.is_reply and (m.diff or m.part == 0)]
    last = max((message.version for message, _ in own), default=1)
    own = sorted((p for p in own if p[0].version == last), key=lambda pair: pair[0].part)
    where = ", ".join(name for name, _ in contents)
    if not own:
        raise KscanError(f"{where}: no patch in it to reply to; give the mbox of a patch")
    authors = [(m.subject, person) for m, raw in own if m.diff for person in _authors(m, raw)]
    return replace(_letter(own[0][1], where), authors=tuple(authors))


def _authors(message: Message, raw: bytes) -> list[Person]:
    """Who wrote a patch: whom its body begins with, where another one sends it; else its sender."""
    written = _WRITTEN.match(message.body)
    own = _people([written[1].decode("utf-8", "replace")]) if written else []
    return own or _people(_headers(parsed(raw), "From"))


def _letter(raw: bytes, where: str) -> Letter:
    mail = parsed(raw)
    ids = _ids(mail, "Message-ID")
    if not ids:
        raise KscanError(
            f"{where}: the patch has no Message-ID, so nothing can be threaded below it; take "
            "the mbox from the list (b4 am, or t.mbox.gz of lore), or git format-patch --thread"
        )
    to = _headers(mail, "Reply-To") or _headers(mail, "From")
    subject = _one_line(decoded(str(mail.get("Subject", ""))), 300)
    return Letter(
        ids[0],
        subject,
        _ids(mail, "References") or _ids(mail, "In-Reply-To")[:1],
        tuple(_people(to)),
        tuple(_people([*_headers(mail, "To"), *_headers(mail, "Cc")])),
    )


def _headers(mail: Mail, name: str) -> list[str]:
    return [str(value) for value in mail.get_all(name, [])]


def _ids(mail: Mail, name: str) -> tuple[str, ...]:
    """The message ids in a header, each once."""
    return tuple(dict.fromkeys(_ID.findall(" ".join(_headers(mail, name)))))


def _people(headers: Iterable[str]) -> list[Person]:
    """The people in address headers that have an address a mailer takes, each once."""
    try:
        found = getaddresses([re.sub(r"\s+", " ", text) for text in headers])
    except RecursionError:  # comments inside each other
        found = []
    return _reachable(found)


def _reachable(people: Iterable[tuple[str, str]]) -> list[Person]:
    """Those of `people`, name and address, whom a mail reaches, each once."""
    found: dict[str, Person] = {}
    for name, address in people:
        is_sound = len(address) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(address)
        if is_sound and len(found) < MOST_PEOPLE:
            found.setdefault(address.lower(), Person(_one_line(decoded(name), 100), address))
    return list(found.values())


def _one_line(text: str, limit: int) -> str:
    return clean.line(re.sub(r"\s+", " ", text).strip(), limit).strip()


def reply(letter: Letter, impact: Impact, wishes: Wishes) -> bytes:
    """The message with headers, UTF-8, lines ended by a line feed."""
    told = render("mail", impact)
    name = sha256("\0".join((letter.id, told, wishes.date.isoformat())).encode()).hexdigest()[:20]
    own_id = f"<kscan-{name}@{wishes.sender.address.partition('@')[2]}>"
    mail = Mail()
    for header, value in _fields(letter, impact, wishes, own_id):
        if value:
            mail[header] = value
    _set_body(mail, told + _below(impact, wishes, own_id))
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=compat32.clone(max_line_length=None)).flatten(
        mail
    )
    return out.getvalue()


def _fields(letter: Letter, impact: Impact, wishes: Wishes, own_id: str) -> list[tuple[str, str]]:
    references = [*(i for i in letter.references if i != letter.id), letter.id]
    if len(references) > MOST_REFERENCES:
        references = [references[0], *references[1 - MOST_REFERENCES :]]
    subject = f"Re: {_REPLY.sub('', letter.subject)}".strip()
    to = _without(letter.to, {wishes.sender.address.lower()})
    known = {p.address.lower() for p in (*to, wishes.sender)}
    maintainers = _maintainers(impact) if wishes.maintainers else ()
    cc = _without((*letter.cc, *_guilty(letter, impact), *maintainers), known)
    if not to:
        to, cc = cc, ()
    if not to:
        raise KscanError("nobody to reply to: the patch names no address but the sender's")
    return [
        ("From", _addresses([wishes.sender])),
        ("To", _addresses(to)),
        ("Cc", _addresses(cc)),
        ("Subject", Header(subject, _charset(subject), header_name="Subject").encode()),
        ("Date", format_datetime(wishes.date)),
        ("Message-ID", own_id),
        ("In-Reply-To", letter.id),
        ("References", "\n ".join(references)),
        ("User-Agent", f"kscan/{__version__}"),
    ]


def _guilty(letter: Letter, impact: Impact) -> list[Person]:
    """Who wrote the patches that introduce something."""
    subjects = {commit.subject for commit in impact.commits if commit.introduced}
    return [person for subject, person in letter.authors if subject in subjects]


def _maintainers(impact: Impact) -> list[Person]:
    """Who looks after the drivers with introduced findings, lists among them."""
    return _reachable(
        (maintainer.name, maintainer.email)
        for finding in impact.introduced
        for maintainer in finding.maintainers
    )


def _without(people: Iterable[Person], known: set[str]) -> tuple[Person, ...]:
    """`people`, each once, but for those with an address among `known`."""
    found = {p.address.lower(): p for p in reversed(list(people))}
    return tuple(p for address, p in reversed(found.items()) if address not in known)


def _charset(text: str) -> str:
    """What a header says `text` in; one that would read as encoded is encoded (RFC 2047)."""
    return "us-ascii" if text.isascii() and "=?" not in text else "utf-8"


def _addresses(people: Iterable[Person]) -> str:
    """An address header, one person a line."""
    return ",\n ".join(_address(person) for person in people)


def _address(person: Person) -> str:
    if not person.name:
        return person.address
    if _charset(person.name) == "us-ascii":
        return formataddr((person.name, person.address))
    return f"{Header(person.name, 'utf-8', maxlinelen=70).encode()} <{person.address}>"


def _below(impact: Impact, wishes: Wishes, own_id: str) -> str:
    """The lines below the report: trailers on offer, the base commit, the signature."""
    rows = [""]
    if wishes.reported_by and impact.introduced:
        link = wishes.archive.rstrip("/") + "/" + quote(own_id[1:-1], safe="@+=.-_~") + "/"
        rows += [
            "If this is fixed in a patch of its own, these trailers are customary:",
            f"| Reported-by: {wishes.sender}",
            f"| Closes: {link}",
            "",
        ]
    if impact.base.commit and re.fullmatch("[0-9a-f]{7,64}", impact.base.commit):
        rows += [f"base-commit: {impact.base.commit}"]
    rows += ["-- ", f"kscan {__version__}"]
    return "\n".join(rows) + "\n"


def _set_body(mail: Mail, body: str) -> None:
    plain = Charset("utf-8")
    is_short = all(len(row) <= LONGEST_LINE for row in body.encode().split(b"\n"))
    plain.body_encoding = None if is_short else QP  # type: ignore[assignment]
    mail.set_payload(body, plain)
