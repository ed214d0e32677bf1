# SPDX-License-Identifier: GPL-2.0-only
"""GitHub and GitLab on 127.0.0.1: paging, conflicts, rate limits, failures, and races."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "t0ken-0123456789abcdef"
HEAD = "a" * 40
BASE = "b" * 40
ACCOUNT = {"github": "github-actions[bot]", "gitlab": "project_5_bot"}
SAID = {"github": "Resource not accessible by integration", "gitlab": "403 Forbidden"}


@dataclass
class Failure:
    """An answer that stands instead of the right one, `times` over."""

    method: str
    path: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "failure"
    times: int = 1
    is_done: bool = False
    """The request is carried out all the same; only its answer is lost."""


@dataclass
class Forge:
    """What the server knows; tests look at it and change it."""

    kind: str
    page: int = 2
    """Items of a page, whatever is asked for."""
    head: str = HEAD
    knows_me: bool = True
    """The token may ask for its own name."""
    is_read_only: bool = False
    comments: list[dict[str, Any]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gate: threading.Barrier | None = None
    """Looks at the comments that wait for each other, so that all see the same."""
    address: str = ""
    _next: int = 100
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def account(self) -> str:
        return ACCOUNT[self.kind]

    def write(self, author: str, body: str, **more: Any) -> dict[str, Any]:
        with self._lock:
            self._next += 1
            name = "user" if self.kind == "github" else "author"
            who = "login" if self.kind == "github" else "username"
            comment = {"id": self._next, "body": body, name: {who: author}, **more}
            if self.kind == "github":
                comment["url"] = f"{self.address}/repos/o/r/issues/comments/{self._next}"
            self.comments.append(comment)
            return comment

    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self.comments]

    def writes(self) -> list[str]:
        return [method for method, _ in self.seen if method != "GET"]

    def failure(self, method: str, path: str) -> Failure | None:
        with self._lock:
            for failure in self.failures:
                if failure.method in ("*", method) and failure.path in path and failure.times:
                    failure.times -= 1
                    return failure
        return None


Answer = tuple[int, Any, dict[str, str]]


class Endpoint(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    forge: Forge

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        given = json.loads(self.rfile.read(length)) if length else {}
        path = urlsplit(self.path).path
        self.forge.seen.append((self.command, self.path))
        self.forge.headers.append(dict(self.headers))
        failure = self.forge.failure(self.command, path)
        if failure is not None:
            if failure.is_done:
                self._answer(path, given)
            self._send(failure.status, {"message": failure.message}, failure.headers)
            return
        self._send(*self._answer(path, given))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def _send(self, status: int, document: Any, headers: dict[str, str]) -> None:
        content = b"" if status == 204 else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, path: str, given: dict[str, Any]) -> Answer:
        if TOKEN not in self.headers.get("Authorization", ""):
            return 401, {"message": "Bad credentials"}, {}
        if self.forge.is_read_only and self.command != "GET":
            return 403, {"message": SAID[self.forge.kind]}, {}
        return (self._github if self.forge.kind == "github" else self._gitlab)(path, given)

    def _github(self, path: str, given: dict[str, Any]) -> Answer:
        if path == "/user":
            if not self.forge.knows_me:
                return 403, {"message": SAID["github"]}, {}
            return 200, {"login": self.forge.account}, {}
        if path == "/repos/o/r/pulls/7":
            return 200, {"number": 7, "head": {"sha": self.forge.head}}, {}
        if path == "/repos/o/r/issues/7/comments":
            return self._listed(given)
        found = re.fullmatch(r"/repos/o/r/issues/comments/(\d+)", path)
        return self._one(int(found[1]), given) if found else (404, {"message": "Not Found"}, {})

    def _gitlab(self, path: str, given: dict[str, Any]) -> Answer:
        request = "/api/v4/projects/5/merge_requests/7"
        if path == "/api/v4/user":
            return 200, {"id": 3, "username": self.forge.account}, {}
        if path == request:
            return 200, {"iid": 7, "sha": self.forge.head}, {}
        if path == f"{request}/notes":
            return self._listed(given)
        found = re.fullmatch(rf"{request}/notes/(\d+)", path)
        return self._one(int(found[1]), given) if found else (404, {"message": "404 Not found"}, {})

    def _listed(self, given: dict[str, Any]) -> Answer:
        if self.command == "POST":
            return 201, self.forge.write(self.forge.account, given["body"]), {}
        page = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
        comments = self.forge.comments
        if page == 1 and self.forge.gate is not None:
            comments = comments or []  # who found none is told so, however late
            with suppress(threading.BrokenBarrierError):
                self.forge.gate.wait(60)
        start = (page - 1) * self.forge.page
        listed = sorted(comments, key=lambda comment: comment["id"])
        items = listed[start : start + self.forge.page]
        headers = {}
        if start + self.forge.page < len(listed):
            path = urlsplit(self.path).path
            headers["Link"] = f'<{self.forge.address}{path}?page={page + 1}>; rel="next"'
        return 200, items, headers

    def _one(self, number: int, given: dict[str, Any]) -> Answer:
        with self.forge._lock:
            found = next((c for c in self.forge.comments if c["id"] == number), None)
            if found is None:
                return 404, {"message": "Not Found"}, {}
            if self.command == "DELETE":
                self.forge.comments.remove(found)
                return 204, None, {}
            found["body"] = given["body"]
            return 200, found, {}


@contextmanager
def serving(kind: str, **known: Any) -> Iterator[Forge]:
    """A forge that answers on 127.0.0.1 until the block ends."""
    forge = Forge(kind, **known)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answering", (Endpoint,), {"forge": forge}))
    server.daemon_threads = True
    forge.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()


def in_a_minute() -> str:
    """A time for a header, as forges give it: seconds since 1970."""
    return str(int(time.time()) + 60)
