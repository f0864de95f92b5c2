"""A whole server with an LLM as appraiser: its settings, its first line, its turns, its logs, its end."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from molroo_actor.cli.main import main
from molroo_actor.settings import Settings, SettingsError, from_environment
from tests.e2e.test_start import complaint, serve
from tests.e2e.wire import KEY, Api
from tests.kit import llm_server as llm
from tests.kit.llm_server import FINE, LlmServer, answer, llm_server_in_thread
from tests.kit.server import running, start
from tests.kit.tls import OPENSSL, self_signed

LLM_KEY = "sk-very-secret-key"
SIX = ("goal_relevance", "goal_congruence", "expectedness", "controllability", "agency", "norm_compatibility")


@pytest.fixture
def endpoint() -> Iterator[LlmServer]:
    with llm_server_in_thread() as server:
        yield server


def env(endpoint: LlmServer, **more: str) -> dict[str, str]:
    given = {"MOLROO_LLM_BASE_URL": endpoint.url, "MOLROO_LLM_MODEL": "tiny", "MOLROO_LLM_API_KEY": LLM_KEY}
    return {**given, "MOLROO_LOG_LEVEL": "DEBUG", **more}


def test_a_turn_over_rest_is_read_by_the_model_and_its_end_is_a_line_in_the_log(
    tmp_path: Path, endpoint: LlmServer
) -> None:
    with running(tmp_path, env=env(endpoint)) as server:
        first = next(line for line in server.output.lines if line.startswith("texts are appraised"))
        host = endpoint.url.removeprefix("http://").removesuffix("/v1")
        assert first == f"texts are appraised by tiny at {host}; the embedded appraiser stands in"
        api = Api(server.url, KEY)
        api.create("mia")
        turn = api.turn("mia", "an unmistakable sentence")
        assert {name: turn["appraisal"][name] for name in SIX} == {name: FINE[name] for name in SIX}
        assert turn["appraisal"]["urgency"] == FINE["urgency"]
        assert turn["discrete_emotion"]["primary"] == "joy"
        assert endpoint.asked[0].text == "an unmistakable sentence"

        endpoint.always = answer(500, b"an unmistakable answer")
        for n in range(3):
            failed = api.turn("mia", f"you are wonderful, unmistakable {n}")
            assert failed["appraisal"]["goal_congruence"] > 0
            assert failed["appraisal"]["goal_congruence"] != FINE["goal_congruence"]
        metrics = api.get("/metrics").body.decode()
        assert server.stop() == 0
        log = "\n".join(server.output.lines)
    assert 'molroo_llm_calls_total{outcome="answered"} 1.0' in metrics
    assert 'molroo_llm_calls_total{outcome="failing"} 3.0' in metrics
    assert 'molroo_llm_readings_total{origin="embedded"} 3.0' in metrics
    assert "molroo_llm_running 0.0" in metrics
    assert "molroo_llm_paused 0.0" in metrics
    assert log.count("the LLM appraiser") == 1
    assert "it answered 500; the embedded one answers meanwhile" in log
    for secret in (LLM_KEY, "unmistakable", "Traceback", "nclosed"):
        assert secret not in log
        assert secret not in metrics


def test_a_turn_that_waits_for_the_model_does_not_hold_up_the_end(tmp_path: Path, endpoint: LlmServer) -> None:
    endpoint.always = llm.never
    server = start(tmp_path, env=env(endpoint, MOLROO_APPRAISER_DEADLINE_S="60"))
    try:
        api = Api(server.url, KEY)
        api.create("mia")
        replies: list[Any] = []
        turn = threading.Thread(
            target=lambda: replies.append(api.post("/v1/turn", {"sessionId": "mia", "message": "hello"}))
        )
        turn.start()
        endpoint.wait_received(1)
        server.process.terminate()
        assert server.process.wait(8) == 0
        turn.join(8)
    finally:
        server.stop()
    assert [reply.status for reply in replies] == [503]


@pytest.mark.skipif(OPENSSL is None, reason="openssl is missing: no certificate can be made")
def test_over_https_an_endpoint_is_believed_only_with_a_certificate_that_the_system_trusts(tmp_path: Path) -> None:
    cert, secret = self_signed(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(cert, secret)
    with llm_server_in_thread(tls) as endpoint:
        assert endpoint.url.startswith("https://")
        for trusted in (False, True):
            more = {"SSL_CERT_FILE": str(cert)} if trusted else {}
            with running(tmp_path / str(trusted), env=env(endpoint, **more)) as server:
                api = Api(server.url, KEY)
                api.create("mia")
                turn = api.turn("mia", "hello")
                assert (turn["appraisal"]["goal_congruence"] == FINE["goal_congruence"]) is trusted
                assert len(endpoint.asked) == int(trusted)
            log = "\n".join(server.output.lines)
            assert ("SSLCertVerificationError" in log) is not trusted
            assert "Traceback" not in log


def test_without_an_endpoint_nothing_is_said_of_one(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        api = Api(server.url, KEY)
        api.create("mia")
        api.turn("mia", "hello")
        assert "molroo_llm_running" not in api.get("/metrics").body.decode()
        assert not any("appraised" in line for line in server.output.lines)


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("ftp://example.com/v1", "http or https"),
        ("example.com/v1", "http or https"),
        ("localhost:11434", "http or https"),
        ("http://", "http or https"),
        ("http:///v1", "http or https"),
        ("http://host:99999/v1", "is no URL"),
        ("http://host:x/v1", "is no URL"),
        ("http://[::1/v1", "is no URL"),
        ("http://ho st/v1", "http or https"),
        ("http://host/v1\r\nX: y", "http or https"),
        ("http://mia:secret@host/v1", "MOLROO_LLM_API_KEY"),
        ("http://secret@host/v1", "MOLROO_LLM_API_KEY"),
        ("http://host/v1?key=secret", "without ? and #"),
        ("http://host/v1#secret", "without ? and #"),
        ("http://host/v1/chat/completions/", "before /chat/completions"),
    ],
)
def test_a_url_that_cannot_be_is_told_what_would_be_right(url: str, right: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment({"MOLROO_LLM_BASE_URL": url, "MOLROO_LLM_MODEL": "tiny"})
    assert "MOLROO_LLM_BASE_URL" in str(caught.value)
    assert right in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:11434/v1", "https://api.example.com/v1/", "http://[::1]:8080", "HTTP://host/a/b"]
)
def test_urls_of_local_and_remote_endpoints_are_taken(url: str) -> None:
    assert from_environment({"MOLROO_LLM_BASE_URL": url, "MOLROO_LLM_MODEL": "tiny"}).llm_base_url == url


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"MOLROO_LLM_BASE_URL": "http://host/v1"}, "MOLROO_LLM_MODEL"),
        ({"MOLROO_LLM_MODEL": "tiny"}, "MOLROO_LLM_BASE_URL"),
        ({"MOLROO_LLM_API_KEY": "secret"}, "MOLROO_LLM_BASE_URL"),
        (
            {"MOLROO_LLM_BASE_URL": "http://host", "MOLROO_LLM_MODEL": "m", "MOLROO_LLM_API_KEY": "secret\n"},
            "MOLROO_LLM_API_KEY",
        ),
        (
            {"MOLROO_LLM_BASE_URL": "http://host", "MOLROO_LLM_MODEL": "m", "MOLROO_LLM_API_KEY": "secrét"},
            "MOLROO_LLM_API_KEY",
        ),
        ({"MOLROO_LLM_BASE_URL": "http://host", "MOLROO_LLM_MODEL": "a\x1b[2Jb"}, "MOLROO_LLM_MODEL"),
        ({"MOLROO_LLM_CONCURRENT_MAX": "0"}, "MOLROO_LLM_CONCURRENT_MAX"),
    ],
)
def test_settings_that_do_not_go_together_are_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment(given)
    assert named in str(caught.value)
    assert "secr" not in str(caught.value)


def test_a_wrong_url_ends_the_start_with_one_clear_line(tmp_path: Path) -> None:
    line = complaint(serve(tmp_path, MOLROO_LLM_BASE_URL="localhost:11434", MOLROO_LLM_MODEL="tiny"))
    assert "MOLROO_LLM_BASE_URL must be an http or https URL, such as http://127.0.0.1:11434/v1" in line


def test_print_settings_hides_the_key(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BASE_URL", "http://host/v1"), ("MODEL", "tiny"), ("API_KEY", LLM_KEY)):
        monkeypatch.setenv(f"MOLROO_LLM_{name}", value)
    assert main(["serve", "--print-settings"]) == 0
    printed = capsys.readouterr().out
    assert "MOLROO_LLM_MODEL=tiny" in printed
    assert "MOLROO_LLM_API_KEY=(set)" in printed
    assert LLM_KEY not in printed


def test_it_is_off_by_default() -> None:
    told = Settings()
    assert (told.llm_base_url, told.llm_model, told.llm_api_key) == (None, None, None)
