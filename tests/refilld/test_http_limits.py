"""Alert channels: no redirect is followed, and no answer holds the sender or fills its memory."""

import resource
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import trustme
from monitor.alerts.severity import Severity

from jobs.channel_round import ChannelError
from refilld.channels import AppriseChannel, open_channels
from refilld.doctor.channels import findings
from refilld.http_limits import LATE, MOST_BYTES, limited_answers
from tests.refilld.receiver import (
    COMPRESSED_ZEROS,
    DRIPPED_BODY,
    DRIPPED_HEADERS,
    ENDLESS_BODY,
    ENDLESS_HEADERS,
    NOTHING,
    REDIRECT,
    Answer,
    a_receiver,
)

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
"""Apprise loads all its plugins with the first address; one of them uses a deprecated module."""
REFUSAL = "alerts.urls number 1 did not take the message"
REDIRECTED = "it answered with a redirect (301), which is not followed"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def a_channel(url: str, answer_seconds: float = 0.3, message_seconds: float = 5.0) -> AppriseChannel:
    (channel,) = open_channels([url])
    return replace(channel, answer_seconds=answer_seconds, message_seconds=message_seconds)


def refusal_of(channel: AppriseChannel) -> ChannelError:
    with pytest.raises(ChannelError) as refused:
        channel.send("title", "text", Severity.WARNING)
    return refused.value


@pytest.mark.parametrize("scheme", ["json", "xml", "form", "ntfy", "gotify"])
@pytest.mark.parametrize("option", ["", "?redirect=yes"])
def test_a_redirect_is_a_refusal(scheme: str, option: str) -> None:
    """Followed as GET, it would lose the text; a URL cannot ask for that."""
    with a_receiver(REDIRECT) as receiver:
        error = refusal_of(a_channel(f"{receiver.address(scheme)}{option}"))
    assert (str(error), error.limited) == (f"{REFUSAL}: {REDIRECTED}", True)
    assert [line.split()[0] for line in receiver.requests] == ["POST"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [(answer, LATE) for answer in (DRIPPED_HEADERS, DRIPPED_BODY, NOTHING)]
    + [(answer, "its answer was too long") for answer in (ENDLESS_HEADERS, ENDLESS_BODY, COMPRESSED_ZEROS)],
)
def test_an_answer_without_end_is_given_up(answer: Answer, problem: str) -> None:
    """By its deadline or its size, whichever is first; memory does not grow with it."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with a_receiver(answer) as receiver:
        error = refusal_of(a_channel(receiver.address("json"), 0.3 if problem == LATE else 30))
    assert (str(error), error.limited) == (f"{REFUSAL}: {problem}", True)
    assert time.monotonic() - began < 3
    assert receiver.sent < 20 * MOST_BYTES
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


def test_an_answer_over_tls_has_the_same_limits(tmp_path: Path) -> None:
    """Its socket is another one."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = str(tmp_path / "ca.pem")
    with (
        a_receiver(DRIPPED_BODY, context) as receiver,
        limited_answers(0.3) as limits,
        pytest.raises(requests.RequestException),
    ):
        requests.post(receiver.address("https"), verify=trusted, timeout=10)
    assert limits.problem == LATE


def test_other_requests_have_no_limits() -> None:
    """Sources read pages of any size, and follow redirects."""
    with limited_answers(0.0), a_receiver(REDIRECT) as receiver, ThreadPoolExecutor(1) as other:
        answer = other.submit(requests.post, receiver.address("http"), timeout=10).result()
    assert answer.url.endswith("/landing")


def test_a_service_without_http_is_abandoned_and_not_asked_again_until_it_ends() -> None:
    """A mail server that says nothing; there is one thread at most."""
    with a_receiver(NOTHING) as receiver:
        url = receiver.address("mailto").replace("127.0.0.1", "u:p@127.0.0.1").replace("/hook", "")
        channel = a_channel(f"{url}?from=a@example.org&to=b@example.org", message_seconds=0.2)
        began, threads = time.monotonic(), threading.active_count()
        errors = [refusal_of(channel) for _ in range(2)]
        assert time.monotonic() - began < 1
        assert threading.active_count() - threads <= 2
    assert {str(error) for error in errors} == {f"{REFUSAL}: no answer within 0.2 s"}


def test_the_doctor_says_why_the_test_alert_was_not_taken() -> None:
    with a_receiver(REDIRECT) as receiver:
        found = list(findings([receiver.address("json")], send=True))[-1]
    assert found.says == f"alerts.urls number 1 did not take the test alert: {REDIRECTED}"
