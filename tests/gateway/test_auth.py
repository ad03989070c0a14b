"""Tokens: signed, short-lived, good for one purpose and one use."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr

from gateway.auth import Grant, LocalUsedTokens, Tokens, bearer, kept_secret, key_allowed
from gateway.errors import Forbidden, Unauthorized

GRANT = Grant("web-1", "C0001")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(SecretStr("s" * 32), 120, clock)


def test_a_token_gives_back_what_it_was_issued_for(tokens: Tokens) -> None:
    assert tokens.redeem(tokens.issue(GRANT, "voice"), "voice") == GRANT
    assert tokens.redeem(tokens.issue(Grant("web-2", None), "voice"), "voice").customer_id is None


def test_a_voice_token_works_once(tokens: Tokens) -> None:
    token = tokens.issue(GRANT, "voice")
    tokens.redeem(token, "voice")
    with pytest.raises(Unauthorized) as caught:
        tokens.redeem(token, "voice")
    assert caught.value.code == "token_used"


def test_a_resume_token_works_again(tokens: Tokens) -> None:
    token = tokens.issue(GRANT, "resume")
    assert tokens.redeem(token, "resume") == tokens.redeem(token, "resume")


def test_a_token_expires(tokens: Tokens, clock: Clock) -> None:
    token = tokens.issue(GRANT, "voice")
    clock.now += 121
    with pytest.raises(Unauthorized) as caught:
        tokens.redeem(token, "voice")
    assert caught.value.code == "token_expired"


def test_a_resume_token_opens_no_socket(tokens: Tokens) -> None:
    with pytest.raises(Unauthorized):
        tokens.redeem(tokens.issue(GRANT, "resume"), "voice")


@pytest.mark.parametrize("forged", ["", "x", "a.b.c", "\x00"])
def test_garbage_is_refused(tokens: Tokens, forged: str) -> None:
    with pytest.raises(Unauthorized):
        tokens.redeem(forged, "voice")


def test_another_key_or_no_signature_is_refused(tokens: Tokens, clock: Clock) -> None:
    claims = {"aud": "voice", "cid": "web-1", "sub": "C0001", "exp": clock.now + 60, "jti": "1"}
    with pytest.raises(Unauthorized):
        tokens.redeem(jwt.encode(claims, "t" * 32, algorithm="HS256"), "voice")
    with pytest.raises(Unauthorized):
        tokens.redeem(jwt.encode(claims, None, algorithm="none"), "voice")


def test_used_tokens_are_forgotten_when_they_expire() -> None:
    used = LocalUsedTokens()
    for second in range(10_000):
        assert used.first_use(str(second), second + 120, second)
    assert len(used) < 1500
    assert not used.first_use("9999", 10_119, 10_000), "what has not expired is remembered"


def test_a_check_uses_nothing_up(tokens: Tokens, clock: Clock) -> None:
    token = tokens.issue(GRANT, "voice")
    tokens.check(token, "voice")
    tokens.check(token, "voice")
    assert tokens.redeem(token, "voice") == GRANT
    for wrong in (tokens.issue(GRANT, "resume"), token[:-2], ""):
        with pytest.raises(Unauthorized):
            tokens.check(wrong, "voice")
    clock.now += 121
    with pytest.raises(Unauthorized):
        tokens.check(token, "voice")


def test_a_signed_request_comes_once(tokens: Tokens, clock: Clock) -> None:
    tokens.use_once("plivo:n1", 600)
    tokens.use_once("telnyx:n1", 600)
    clock.now += 599
    with pytest.raises(Forbidden) as caught:
        tokens.use_once("plivo:n1", 600)
    assert (caught.value.code, caught.value.status) == ("replayed", 403)


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    made = kept_secret(path)
    assert len(made.get_secret_value()) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept_secret(path) == made


def test_names_are_the_owners_own_and_last_with_the_secret(clock: Clock) -> None:
    tokens, again = Tokens(SecretStr("s" * 32), 60, clock), Tokens(SecretStr("s" * 32), 60, clock)
    assert tokens.name_of("192.0.2.1", "anna") == again.name_of("192.0.2.1", "anna")
    assert len({tokens.name_of("192.0.2.1", "anna"), tokens.name_of("192.0.2.2", "anna"),
                Tokens(None, 60, clock).name_of("192.0.2.1", "anna")}) == 3  # fmt: skip


def test_api_keys() -> None:
    keys = (SecretStr("one"), SecretStr("two"))
    assert key_allowed("two", keys)
    assert not key_allowed("three", keys)
    assert not key_allowed(None, keys)
    assert key_allowed(None, ())


def test_bearer() -> None:
    assert bearer("Bearer abc") == "abc"
    assert bearer("bearer  abc ") == "abc"
    assert bearer("Basic abc") is None
    assert bearer(None) is None
    assert bearer("Bearer ") is None


def test_a_pass_opens_one_stream_of_its_call() -> None:
    now = 1000.0
    tokens = Tokens(None, 60, lambda: now)
    given = tokens.issue_pass("twilio:CA1")
    assert len(given) == 32
    with pytest.raises(Unauthorized, match="not valid"):
        tokens.redeem_pass(given, "twilio:CA2")
    tokens.redeem_pass(given, "twilio:CA1")
    with pytest.raises(Unauthorized) as used:
        tokens.redeem_pass(given, "twilio:CA1")
    assert used.value.code == "pass_used"
    late = tokens.issue_pass("twilio:CA1")
    now += 62
    with pytest.raises(Unauthorized) as expired:
        tokens.redeem_pass(late, "twilio:CA1")
    assert expired.value.code == "pass_expired"


@pytest.mark.parametrize("text", ["", "x", "00" * 16, "00" * 15, "ff" * 16, "é" * 32])
def test_other_passes_open_nothing(text: str) -> None:
    with pytest.raises(Unauthorized):
        Tokens(None, 60, lambda: 1000.0).redeem_pass(text, "twilio:CA1")
