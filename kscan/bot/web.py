# SPDX-License-Identifier: GPL-2.0-only
"""How the bot speaks with a forge: patiently, and with one clear line when it is refused.

The client libraries do the protocol; here stands what they are told of waiting, and how what
they raise becomes a `KscanError` that names no token.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kscan.model import KscanError
from kscan.report import clean

TIMEOUT = 30
"""Seconds a forge may take to answer one request."""
LONGEST_WAIT = 120
"""Seconds the bot waits for a rate limit to pass; a longer wait is an error."""
RETRIES = 5
RETRIED = [409, 429, 500, 502, 503, 504]
"""Statuses that pass: conflicts, rate limits, a forge that is down for a moment."""

PATIENCE: Mapping[str, Any] = {
    "total": RETRIES,
    "backoff_factor": 1,
    "backoff_max": LONGEST_WAIT,
    "backoff_jitter": 0.5,
    "retry_after_max": LONGEST_WAIT,
    "status_forcelist": RETRIED,
    "allowed_methods": None,
}
"""What `urllib3.Retry` is made with. Every method is retried: a comment that is written twice
is seen and removed by :func:`kscan.bot.thread.settle`."""


_SPENT = re.compile(r"too many (\d{3}) error responses")
"""How `urllib3` says which status its last retry got."""


class RefusedError(KscanError):
    """The forge does not let this token do what was asked: 403."""


_MEANINGS = {
    401: "the token is wrong or has expired; give the job a new one",
    404: "not found, or hidden from this token; check the project, the number and its rights",
    410: "gone, or comments are switched off; unlock the conversation",
    422: "the forge does not take this comment",
    429: "the rate limit is exhausted; run the job again later",
}


@contextmanager
def explained(forge: str, action: str, token: str, refusal: str) -> Iterator[None]:
    """Runs requests for `action`; what a client library raises becomes one line.

    `refusal` is what to try after a 403. A `KscanError` passes as it is.
    """
    import requests  # noqa: PLC0415 - only where a forge is asked

    # its warnings of every retry would stand between the job's own lines
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    try:
        yield
    except KscanError:
        raise
    except requests.RequestException as error:
        status = _SPENT.search(str(error))
        if status is not None:  # a 403 that is retried is a rate limit of GitHub's
            code = 429 if status[1] == "403" else int(status[1])
            raise refused(forge, action, code, "", token, refusal) from None
        why = f"no answer after {RETRIES} retries ({_cause(error)}); run the job again later"
        raise KscanError(f"{forge}: {action}: {why}") from None
    except (AssertionError, ValueError, TypeError, LookupError, AttributeError):
        why = "an answer that is none of its API's; check the API address"
        raise KscanError(f"{forge}: {action}: {why}") from None


def _cause(error: Exception) -> str:
    name = type(error).__name__
    return {"ReadTimeout": "timed out", "TooManyRedirects": "it redirects elsewhere"}.get(
        name, name
    )


def refused(
    forge: str, action: str, status: int, said: str, token: str, refusal: str
) -> KscanError:
    """The error for an answer with this status."""
    told = clean.line(hidden(said, token).strip() or "refused", 160)
    if status == 403:
        return RefusedError(f"{forge}: {action}: 403: {told}; {refusal}")
    if 300 <= status < 400:
        why = "it redirects elsewhere; give the address that it redirects to"
    elif status >= 500:
        why = f"still failing after {RETRIES} retries; run the job again later"
    else:
        why = _MEANINGS.get(status, told)
    return KscanError(f"{forge}: {action}: {status}: {why}")


def hidden(text: str, token: str) -> str:
    """`text` without the token, should a forge have sent it back."""
    return text.replace(token, "[token]") if token else text
