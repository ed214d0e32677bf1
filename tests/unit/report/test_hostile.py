# SPDX-License-Identifier: GPL-2.0-only
"""Nothing in a tree injects markup, mentions, headers, commands or terminal control."""

from __future__ import annotations

import json
import re
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP

import pytest
from hypothesis import HealthCheck, example, given, settings
from markdown_it import MarkdownIt

from kscan.report import FORMATS, clean, render

from . import samples
from .hostile import PAYLOADS, documents, obeyed, poisoned, texts

slow = settings(max_examples=60, suppress_health_check=list(HealthCheck), print_blob=True)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
LINE_FORMATS = [name for name in FORMATS if name != "html"]


@pytest.mark.parametrize("name", LINE_FORMATS)
@slow
@given(document=documents)
def test_output_is_visible_utf8(name, document):
    text = render(name, document)
    text.encode("utf-8")
    assert not obeyed(text)


@pytest.mark.parametrize("name", LINE_FORMATS)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_each_payload_everywhere(name, payload):
    for document in (samples.audit(), samples.change()):
        text = render(name, poisoned(document, lambda kept, p=payload: f"{kept}{p}"))
        text.encode("utf-8")
        assert not obeyed(text)


@slow
@given(document=documents)
def test_colour_adds_styles_and_nothing_else(document):
    assert ANSI.sub("", render("text", document, colour=True)) == render("text", document)


@slow
@given(document=documents)
def test_concise_has_a_line_for_each_finding_and_commit_and_no_more(document):
    bare = documents_findings(document)
    rows = render("concise", document).splitlines()
    assert len(rows) == bare + len(getattr(document, "commits", ()))


def documents_findings(document):
    found = document.findings if hasattr(document, "findings") else document.introduced
    return sum(finding.suppressed is None for finding in found)


@slow
@given(text=texts)
def test_a_line_is_one_short_line(text):
    shown = clean.line(text)
    assert len(shown) <= clean.LINE_LIMIT + 40
    assert "\n" not in shown
    assert not obeyed(shown)


# Markdown

FORGE = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
REFERENCE = re.compile(
    r"(?<![\w`])@[A-Za-z0-9]|#\d|(?<!\w)GH-\d|\b[A-Z]{2,}-\d|(?<!\w)[!$%~&^]\d|https?://|\bwww\.\w"
    r"|:\w+:"
)
OURS = {"<details><summary>", "</summary>", "</details>"}


def inline(tokens):
    for token in tokens:
        yield token
        yield from inline(token.children or ())


def check_markdown(text: str) -> None:
    for token in inline(FORGE.parse(text)):
        assert token.type not in {"link_open", "image", "em_open", "s_open", "blockquote_open"}
        assert token.type != "hr"
        if token.type == "text":
            assert not REFERENCE.search(token.content), token.content
        if token.type in {"html_inline", "html_block"}:
            ours = re.fullmatch(
                r"<details><summary>[\d,]+ findings?</summary>\n?|</details>\n?", token.content
            )
            assert ours, token.content


@slow
@given(document=documents)
def test_markdown_cannot_be_injected(document):
    text = render("markdown", document)
    check_markdown(text)
    assert len(text) <= 65_536


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markdown_has_the_blocks_it_has_without_the_payload(payload):
    def shape(text: str) -> list[str]:
        return [t.type for t in FORGE.parse(text) if t.level == 0 or "heading" in t.type]

    document = samples.change()
    plain = shape(render("markdown", poisoned(document, lambda kept: f"{kept} x")))
    told = render("markdown", poisoned(document, lambda kept: f"{kept} x{payload[:200]}"))
    check_markdown(told)
    assert shape(told) == plain


@slow
@given(text=texts)
@example("`")
@example("a`b``c")
def test_code_spans_hold_what_they_are_given(text):
    tokens = list(inline(FORGE.parse("x " + clean.code(text) + " x")))
    spans = [t for t in tokens if t.type == "code_inline"]
    assert len(spans) == 1
    assert [t.content for t in tokens if t.type == "text"] == ["x ", " x"]


@slow
@given(text=texts)
def test_fences_hold_what_they_are_given(text):
    tokens = FORGE.parse("\n".join(clean.fence([text, text])))
    assert [token.type for token in tokens] == ["fence"]


# Mail

TRAILER = re.compile(r"(?im)^\s*[a-z-]+-by:|^(?:link|closes|fixes|cc):")


@slow
@given(document=documents)
@example(document=poisoned(samples.change(), lambda _: "a " * 40 + "Reviewed-by: B <b@c>"))
def test_mail_has_no_trailer_and_no_mbox_line(document):
    text = render("mail", document)
    assert not TRAILER.search(text)
    rows = text.splitlines()
    assert not [row for row in rows if row.startswith(("From ", "diff ", "---\n"))]
    assert "---" not in rows


@slow
@given(document=documents)
def test_mail_body_leaves_headers_alone(document):
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = "Re: patch"
    letter.set_content(render("mail", document))
    read = BytesParser(policy=SMTP).parsebytes(bytes(letter))
    assert set(read.keys()) == set(letter.keys())


# Workflow commands


@slow
@given(document=documents)
def test_workflow_commands_are_ours(document):
    rows = render("github", document).splitlines()
    assert len(rows) == documents_findings(document) + 1
    pattern = r"::(error|warning|notice) file=[^,:]*,line=\d+,col=\d+,title=[^,:]*::.*"
    assert all(re.fullmatch(pattern, row) for row in rows[:-1])
    assert re.fullmatch(r"::notice title=kscan::[\w ,;:]+", rows[-1])


# JSON and SARIF


@pytest.mark.parametrize("name", ["json", "sarif"])
@slow
@given(document=documents)
def test_json_is_json(name, document):
    json.loads(render(name, document))


@slow
@given(text=texts)
def test_uris_are_relative_references(text):
    uri = clean.uri(text)
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*", uri)
    assert not uri.startswith("/")
