# SPDX-License-Identifier: GPL-2.0-only
"""The client libraries against a local server: paging, waiting, refusals, races, no token told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from kscan.bot import post, web
from kscan.bot.pipeline import Pipeline
from kscan.bot.thread import Comment, GoneError, Outcome, Thread, mark, settle
from kscan.model import KscanError

from .forges import BASE, HEAD, SAID, TOKEN, Failure, Forge, in_a_minute, serving

LIMITED = {
    "github": Failure("*", "comments", 403, {}, "API rate limit exceeded for installation."),
    "gitlab": Failure("*", "notes", 429, {}, "Retry later"),
}


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest) -> Iterator[Forge]:
    with serving(request.param) as answering:
        yield answering


def asked(forge: Forge, *, run: int = 1, token: str = TOKEN, is_fork: bool = False) -> Pipeline:
    is_github = forge.kind == "github"
    return Pipeline(
        "GitHub" if is_github else "GitLab", forge.address, "o/r" if is_github else "5", 7,
        BASE, HEAD, (), is_fork, (run, 1), token,
    )  # fmt: skip


def thread(forge: Forge, **known) -> Thread:
    return post.thread_of(asked(forge, **known))


def said(forge: Forge, text: str, run: int = 1) -> Outcome:
    return settle(thread(forge, run=run), "kscan", (run, 1), HEAD, text, speaks=True)


def part(forge: Forge) -> str:
    return "comments" if forge.kind == "github" else "notes"


def test_adds_then_updates_in_place(forge: Forge) -> None:
    assert said(forge, "one") is Outcome.ADDED
    assert said(forge, "two", 2) is Outcome.UPDATED
    assert said(forge, "two", 2) is Outcome.UNCHANGED
    assert forge.bodies() == [f"{mark('kscan', (2, 1))}\n\ntwo"]


def test_finds_its_comment_on_a_later_page(forge: Forge) -> None:
    for number in range(5):
        forge.write("somebody", f"talk {number}")
    said(forge, "one")
    forge.write("mallory", mark("kscan", (9, 9)) + "\n\nforged")
    assert said(forge, "two", 2) is Outcome.UPDATED
    assert len(forge.comments) == 7
    assert any("page=3" in path for _, path in forge.seen)


def test_system_notes_and_deleted_accounts_are_passed_over(forge: Forge) -> None:
    forge.write(forge.account, mark("kscan", (9, 9)) + "\n\nnot a comment", system=True)
    forge.write("ghost", "hello")
    forge.comments[-1]["user" if forge.kind == "github" else "author"] = None
    if forge.kind == "github":
        forge.comments.pop(0)
    assert said(forge, "one") is Outcome.ADDED


def test_text_arrives_as_it_is(forge: Forge) -> None:
    text = 'é 漢字 😀 "quoted" <b> & \\ `code`\n\n\tx'
    said(forge, text)
    assert forge.bodies() == [f"{mark('kscan', (1, 1))}\n\n{text}"]


def test_installation_token_that_may_not_ask_its_name() -> None:
    with serving("github", knows_me=False) as forge:
        assert said(forge, "one") is Outcome.ADDED
        assert said(forge, "two", 2) is Outcome.UPDATED
        assert len(forge.comments) == 1


@pytest.mark.parametrize("runs", [2, 6])
def test_runs_that_race_leave_one_comment(forge: Forge, runs: int) -> None:
    forge.gate = threading.Barrier(runs)  # all find none, and all add one
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            said(forge, f"text {number}", number)
        except BaseException as error:
            errors.append(error)
        finally:
            forge.gate and forge.gate.abort()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, runs + 1)]
    for running in threads:
        running.start()
    for running in threads:
        running.join(30)
    assert not errors
    assert forge.writes().count("POST") == runs
    assert len(forge.comments) == 1


@pytest.mark.parametrize("status", [409, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_passing_failures_are_retried(
    forge: Forge, waits: list[float], status: int, method: str
) -> None:
    forge.failures.append(Failure(method, part(forge), status, times=3))
    assert said(forge, "one") is Outcome.ADDED
    assert len(forge.comments) == 1
    assert len(waits) >= 2
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_changes_are_retried_too(forge: Forge, waits: list[float], method: str) -> None:
    said(forge, "one")
    forge.write(forge.account, mark("kscan", (1, 1)) + "\n\ncopy")
    forge.failures.append(Failure(method, part(forge), 502))
    assert said(forge, "two", 2) is Outcome.UPDATED
    assert forge.bodies() == [f"{mark('kscan', (2, 1))}\n\ntwo"]


def test_comment_whose_answer_is_lost_is_not_doubled(forge: Forge, waits: list[float]) -> None:
    forge.failures.append(Failure("POST", part(forge), 502, is_done=True))
    assert said(forge, "one") in (Outcome.ADDED, Outcome.UPDATED, Outcome.UNCHANGED)
    assert forge.writes().count("POST") == 2
    assert forge.bodies() == [f"{mark('kscan', (1, 1))}\n\none"]


def test_rate_limit_is_waited_for(forge: Forge, waits: list[float]) -> None:
    limited = LIMITED[forge.kind]
    headers = (
        {"X-RateLimit-Reset": in_a_minute()} if forge.kind == "github" else {"Retry-After": "60"}
    )
    forge.failures.append(
        Failure("GET", limited.path, limited.status, headers, limited.message, times=2)
    )
    assert said(forge, "one") is Outcome.ADDED
    assert [wait for wait in waits if 55 <= wait <= web.LONGEST_WAIT]


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_kept_to_a_bound(forge: Forge, waits: list[float], as_date: bool) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(days=2), usegmt=True)
    headers = {"Retry-After": later if as_date else "172800"}
    forge.failures.append(Failure("GET", part(forge), 429, headers))
    assert said(forge, "one") is Outcome.ADDED
    assert max(waits) <= web.LONGEST_WAIT


def test_rate_limit_that_lasts_is_one_line(forge: Forge, waits: list[float]) -> None:
    limited = LIMITED[forge.kind]
    forge.failures.append(
        Failure("GET", limited.path, limited.status, {}, limited.message, times=50)
    )
    with pytest.raises(KscanError, match="429: the rate limit is exhausted"):
        said(forge, "one")
    assert sum(waits) <= (web.RETRIES + 1) * web.LONGEST_WAIT


def test_rate_limit_that_is_too_long_is_not_waited_for(waits: list[float]) -> None:
    with serving("github") as forge:
        headers = {"X-RateLimit-Reset": str(int(in_a_minute()) + 3600)}
        failure = Failure("GET", "comments", 403, headers, LIMITED["github"].message, times=50)
        forge.failures.append(failure)
        with pytest.raises(KscanError, match="429: the rate limit"):
            said(forge, "one")
        assert not [wait for wait in waits if wait > web.LONGEST_WAIT]


def test_forge_that_stays_down_is_one_line(forge: Forge, waits: list[float]) -> None:
    forge.failures.append(Failure("*", "", 503, times=500))
    with pytest.raises(KscanError, match="503: still failing after 5 retries"):
        said(forge, "one")
    assert len(forge.seen) == web.RETRIES + 1


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "401: the token is wrong or has expired; give the job a new one"),
        (403, "403: .*; (give the job `permissions: pull-requests: write`|use a project access)"),
        (404, "404: not found, or hidden from this token; check"),
        (410, "410: gone, or comments are switched off"),
        (422, "422: the forge does not take this comment"),
        (418, "418: no tea"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refusals_are_one_clear_line(forge: Forge, status: int, hint: str, method: str) -> None:
    forge.failures.append(Failure(method, part(forge), status, {}, "no tea", times=9))
    with pytest.raises(KscanError, match=hint) as caught:
        said(forge, "one")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, web.RefusedError) == (status == 403)


def test_wrong_token_is_one_line(forge: Forge) -> None:
    with pytest.raises(KscanError, match="401: the token is wrong"):
        settle(thread(forge, token="expired"), "kscan", (1, 1), HEAD, "x", speaks=True)


def test_read_only_token_is_a_refusal(forge: Forge) -> None:
    forge.is_read_only = True
    with pytest.raises(web.RefusedError, match=SAID[forge.kind]):
        said(forge, "one")


def test_nobody_answers(forge: Forge, waits: list[float]) -> None:
    gone = asked(forge)
    with serving(forge.kind) as other:
        address = other.address
    with pytest.raises(KscanError, match=r"no answer after 5 retries .*; run the job again later"):
        settle(post.thread_of(replace(gone, address=address)), "k", None, HEAD, "x", speaks=True)


def test_redirect_is_not_followed_with_the_token(forge: Forge) -> None:
    with serving(forge.kind) as other:
        there = {"Location": f"{other.address}/elsewhere"}
        for status in (301, 302, 307, 308):
            forge.failures.append(Failure("*", part(forge), status, there))
            with pytest.raises(KscanError):
                said(forge, "one")
        assert not [h for h in other.headers if "Authorization" in h or "PRIVATE-TOKEN" in h]


@pytest.mark.parametrize("content", ["[]", "{}", "null", '"x"', "[1]", "<html>", ""])
def test_answer_of_something_else_is_one_line(forge: Forge, content: str, monkeypatch) -> None:
    from .forges import Endpoint

    def send(handler: Endpoint, status: int, document: object, headers: dict[str, str]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content.encode())

    monkeypatch.setattr(Endpoint, "_send", send)
    with pytest.raises(KscanError) as caught:
        said(forge, "one")
    assert "\n" not in str(caught.value)


def test_comment_that_is_gone(forge: Forge) -> None:
    lost = Comment(999, forge.account, "x")
    with pytest.raises(GoneError):
        thread(forge).edit(lost, "y")
    thread(forge).remove(lost)


def test_token_is_in_no_message_and_no_log(
    forge: Forge, waits: list[float], caplog: pytest.LogCaptureFixture, capfd
) -> None:
    caplog.set_level(logging.INFO)
    echoed = f"you sent Bearer {TOKEN}"
    for status in (401, 403, 404, 418, 429, 503):
        forge.failures = [Failure("*", part(forge), status, {"X-Echo": TOKEN}, echoed, times=20)]
        with pytest.raises(KscanError) as caught:
            said(forge, "one")
        assert TOKEN not in str(caught.value)
        assert caught.value.__cause__ is None
    assert TOKEN not in caplog.text
    out, err = capfd.readouterr()
    assert TOKEN not in out + err
    assert not [path for _, path in forge.seen if TOKEN in path]


def test_client_libraries_are_an_extra(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, forge.kind, None)
    with pytest.raises(KscanError, match=r"pip install 'kscan\[bot\]'"):
        thread(forge)
