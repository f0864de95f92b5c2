"""Which addresses a webhook may have, what is refused in words that help, and what a receiver is sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from molroo_actor.errors import ValidationFailed
from molroo_actor.protocol.webhooks import check_url, delivery_body, is_public, registration, signature

PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 100.100.100.200 127.0.0.1 127.255.255.254
168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:7f00:1
64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::7f00:1 64:ff9b:1::808:808 100::1 2001::1 2001:db8::1 2001:10::1
2002:7f00:1:: 2002:a00:1::1 2002:c0a8:1::1 2002:a9fe:a9fe:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1
fe80::1%lo fec0::1 ff00::1 ff02::1 ff0e::1 4000::1
""".split()
NAMES = "events.0. must be one of proactive, emotional_overflow, stage_transition, got 'birthday'"
PUBLIC = """
1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 223.255.255.255
2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1
""".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_open_internet_is_refused(address: str) -> None:
    assert not is_public(address)
    host = f"[{address.replace('%', '%25')}]" if ":" in address else address
    for url in (f"https://{host}/", f"https://{host}:8443/hook"):
        with pytest.raises(ValidationFailed, match="must not be on a private, loopback or link-local address"):
            check_url(url, allow_private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_open_internet_is_taken(address: str) -> None:
    assert is_public(address)
    assert check_url(f"https://{f'[{address}]' if ':' in address else address}/", allow_private=False) == address


@pytest.mark.parametrize(
    "host",
    """
    2130706433 017700000001 0x7f000001 0x7F000001 127.1 127.0.1 0x7f.1 0177.1 0177.0.0.01 0x7f.0x0.0x0.0x1 10.1 0 0x0
    0xa9fea9fe 2852039166 0xA9.0xFE.43518 3232235521 192.168.257 127.0.0.1. 127.1. 2130706433. 127.0.0.1..
    localhost localhost. LOCALHOST LocalHost. localhost.. foo.localhost foo.localhost. FOO.LOCALHOST
    """.split(),
)
def test_other_spellings_of_an_address_are_looked_through(host: str) -> None:
    for url in (f"https://{host}/", f"https://{host}:443/a?b#c"):
        with pytest.raises(ValidationFailed, match="must not be on a private"):
            check_url(url, allow_private=False)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org", "example.org"),
        ("HTTPS://Example.ORG:8443/hook?a=b", "example.org"),
        ("https://example.org./hook", "example.org"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://a_b.example.org/", "a_b.example.org"),
        ("https://134744072/", "134744072"),
        ("https://mylocalhost/", "mylocalhost"),
        ("https://localhost.example.org/", "localhost.example.org"),
    ],
)
def test_names_and_ports_are_taken_and_the_host_is_what_limits_count_by(url: str, host: str) -> None:
    assert check_url(url, allow_private=False) == host


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://example.org/", "must begin with https://, got 'http'"),
        ("ftp://example.org/", "must begin with https://, got 'ftp'"),
        ("file:///etc/passwd", "must begin with https://, got 'file'"),
        ("example.org/hook", "must begin with https://, got ''"),
        ("https:///hook", "must name a host"),
        ("https://", "must name a host"),
        ("https://./", "must name a host"),
        ("https://:443/", "must name a host"),
        ("https://example.org:0/", "must not name port 0"),
        ("https://example.org:65536/", "must be an absolute URL"),
        ("https://example.org:x/", "must be an absolute URL"),
        ("https://[::1/", "must be an absolute URL"),
        ("https://mia@example.org/", "must not hold a user or password"),
        ("https://mia:pw@example.org/", "must not hold a user or password"),
        ("https://@example.org/", "must not hold a user or password"),
        ("https://example.org\\@127.0.0.1/", "must be printable ASCII"),
        ("https://example.org/a b", "must be printable ASCII"),
        ("https://example.org/\n", "must be printable ASCII"),
        ("https://exam\tple.org/", "must be printable ASCII"),
        ("https://example.org/\x7f", "must be printable ASCII"),
        ("https://ⓛocalhost/", "must be printable ASCII"),
        ("https://127。0。0。1/", "must be printable ASCII"),
    ],
)
def test_what_is_no_receiver_s_url_is_refused_with_what_would_be_right(url: str, text: str) -> None:
    with pytest.raises(ValidationFailed, match=text) as refused:
        check_url(url, allow_private=False)
    assert refused.value.details == {"path": "$.url"}


def test_settings_may_allow_http_and_addresses_of_ones_own_network_and_nothing_else() -> None:
    for url in ("http://127.0.0.1:9/", "http://localhost/", "https://10.0.0.1/", "http://[::1]:80/"):
        check_url(url, allow_private=True)
    for url in ("ftp://127.0.0.1/", "http://a:b@127.0.0.1/", "http:///"):
        with pytest.raises(ValidationFailed):
            check_url(url, allow_private=True)
    with pytest.raises(ValidationFailed, match="must begin with http:// or https://"):
        check_url("gopher://127.0.0.1/", allow_private=True)


@pytest.mark.parametrize(
    ("changed", "text", "path"),
    [
        ({"url": None}, "url is required", "$.url"),
        ({"url": ""}, "url must have 1 to 2048 characters", "$.url"),
        ({"url": "https://example.org/" + "x" * 2_048}, "url must have 1 to 2048 characters", "$.url"),
        ({"events": []}, "events must have 1 to 3 items, got 0 items", "$.events"),
        ({"events": ["proactive"] * 4}, "events must have 1 to 3 items, got 4 items", "$.events"),
        ({"events": ["birthday"]}, NAMES, "$.events[0]"),
        ({"events": "proactive"}, "events must be a list, got a string", "$.events"),
        ({"secret": "too short"}, "secret must be a string and have 16 to 256 characters", "$.secret"),
        ({"secret": "x" * 257}, "secret must be a string and have 16 to 256 characters", "$.secret"),
        ({"secret": 7}, "secret must be a string", "$.secret"),
    ],
)
def test_a_registration_is_refused_by_the_name_of_what_is_wrong(changed: dict[str, Any], text: str, path: str) -> None:
    body = {"url": "https://example.org/hook", "events": ["proactive"], **changed}
    with pytest.raises(ValidationFailed, match=text) as refused:
        registration(json.dumps(body).encode(), allow_private=False)
    assert refused.value.details is not None
    assert refused.value.details["path"] == path
    assert "too short" not in refused.value.message


def test_a_secret_that_cannot_be_bytes_is_refused_when_it_is_given() -> None:
    raw = b'{"url":"https://example.org/","events":["proactive"],"secret":"\\ud800aaaaaaaaaaaaaaaa"}'
    with pytest.raises(ValidationFailed):
        registration(raw, allow_private=False)


def test_the_body_is_json_with_the_event_s_own_data_and_the_signature_is_over_time_and_body() -> None:
    body = delivery_body("dlv_1", "proactive", "mia", "2026-01-01T00:00:00.000Z", b'{"a":[1,"\xed\x95\x9c"]}')
    assert json.loads(body) == {
        "id": "dlv_1",
        "type": "proactive",
        "session_id": "mia",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "data": {"a": [1, "한"]},
    }
    secret = "비밀-is-not-ascii"
    mac = hmac.new(secret.encode("utf-8"), b"1790000000." + body, hashlib.sha256).hexdigest()
    assert signature(secret, 1_790_000_000, body) == f"t=1790000000,v1={mac}"
