"""Settings: sources, their order, and errors that name the setting, its origin and the fix."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gateway.config import ConfigError, Settings, load

EXAMPLE = Path(__file__).parents[2] / "deploy" / "example.toml"


def test_the_defaults_need_no_file() -> None:
    assert load(None, {}) == Settings()


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "kefu.toml"
    file.write_text('[gateway]\nport = 9000\nhost = "0.0.0.0"\n[tts]\nvoice = "kokoro"\n')
    settings = load(file, {"KEFU_GATEWAY_PORT": "9100"})
    assert (settings.gateway.port, settings.gateway.host, settings.tts.voice) == (9100, "0.0.0.0", "kokoro")


def test_kefu_triton_url_reaches_the_triton_section() -> None:
    assert load(None, {"KEFU_TRITON_URL": "10.0.0.1:8001"}).triton.url == "10.0.0.1:8001"


def test_lists_are_comma_separated_in_the_environment() -> None:
    settings = load(None, {"KEFU_GATEWAY_ORIGINS": "https://a.example, https://b.example"})
    assert settings.gateway.origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"KEFU_GATEWAY_PORT": "http"}, ["gateway.port", "KEFU_GATEWAY_PORT", "integer"]),
        ({"KEFU_GATEWAY_PORT": "70000"}, ["gateway.port", "65535"]),
        ({"KEFU_GATEWAY_PROT": "1"}, ["gateway.prot", "does not exist", "example.toml"]),
        ({"KEFU_NONSENSE_X": "1"}, ["nonsense", "does not exist"]),
        (
            {"KEFU_DIALOGUE_UNINTERRUPTIBLE": "greeting.notice,no.such"},
            ["dialogue.uninterruptible", "no.such", "zh.yaml"],
        ),
        ({"KEFU_LOG_LEVEL": "loud"}, ["log.level", "debug"]),
        ({"KEFU_GATEWAY_TOKEN_SECRET": "short"}, ["gateway.token_secret", "32"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_origin(environ: dict[str, str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_wrong_setting_never_shows_a_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {"KEFU_GATEWAY_TOKEN_SECRET": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_secrets_may_lie_in_files_of_their_own(tmp_path: Path) -> None:
    for name, text in (("token", "t0ken\n"), ("keys", "one\n\n two\n"), ("users", "anna:a b\nbob:c:d\n")):
        (tmp_path / name).write_text(text)
    file = tmp_path / "kefu.toml"
    file.write_text(f'[shop]\ntoken_file = "{tmp_path}/token"\n[gateway]\napi_keys_file = "{tmp_path}/keys"\n')
    settings = load(file, {"KEFU_SIP_USERS_FILE": f"{tmp_path}/users", "KEFU_SIP_PORT": "5060"})
    assert settings.shop.token is not None
    assert settings.shop.token.get_secret_value() == "t0ken"
    assert [key.get_secret_value() for key in settings.gateway.api_keys] == ["one", "two"]
    assert {name: word.get_secret_value() for name, word in settings.sip.users.items()} == {"anna": "a b", "bob": "c:d"}
    assert load(file, {"KEFU_SHOP_TOKEN": "of the environment"}).shop.token != settings.shop.token


def test_a_secret_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "short").write_text("hunter2")
    for environ, words in (
        ({"KEFU_SHOP_TOKEN_FILE": f"{tmp_path}/absent"}, ["shop.token_file", "absent", "No such file"]),
        ({"KEFU_SHOP_TOKEN_FILE": f"{tmp_path}/empty"}, ["shop.token_file", "is empty"]),
        ({"KEFU_SHOP_TOKEN_FILE": "/x", "KEFU_SHOP_TOKEN": "y"}, ["shop.token", "shop.token_file", "both"]),
        ({"KEFU_SHOP_URL_FILE": f"{tmp_path}/short"}, ["shop.url_file", "does not exist"]),
        ({"KEFU_GATEWAY_TOKEN_SECRET_FILE": f"{tmp_path}/short"}, ["gateway.token_secret", "32"]),
    ):
        with pytest.raises(ConfigError) as caught:
            load(None, environ)
        assert all(word in str(caught.value) for word in words), str(caught.value)
        assert "hunter2" not in str(caught.value)


def test_settings_that_are_printed_show_no_secret() -> None:
    hidden = "pa55word"
    settings = load(
        None,
        {
            "KEFU_DATABASE_URL": f"postgresql+asyncpg://kefu:{hidden}@db/kefu",
            "KEFU_KNOWLEDGE_URL": f"http://kefu:{hidden}@search:9200",
            "KEFU_GATEWAY_API_KEYS": hidden,
            "KEFU_TWILIO_AUTH_TOKEN": hidden,
        },
    )
    assert hidden not in f"{settings!r} {settings}"


def test_a_section_that_is_no_table_is_named_whatever_the_environment_says(tmp_path: Path) -> None:
    file = tmp_path / "scalar.toml"
    file.write_text("gateway = 5\n")
    with pytest.raises(ConfigError, match=r"'gateway'.*table"):
        load(file, {"KEFU_GATEWAY_PORT": "9000"})


def test_a_missing_or_broken_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "absent.toml", {})
    broken = tmp_path / "broken.toml"
    broken.write_text("[gateway\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(broken, {})
    scalar = tmp_path / "scalar.toml"
    scalar.write_text("gateway = 5\n")
    with pytest.raises(ConfigError, match="gateway"):
        load(scalar, {})


def test_the_example_lists_every_setting_with_its_default() -> None:
    text = EXAMPLE.read_text("utf-8")
    example = tomllib.loads(text)
    for section, field in Settings.model_fields.items():
        for name, setting in field.annotation.model_fields.items():  # type: ignore[union-attr]
            if setting.default is None:
                assert f"# {name} = " in text, f"{section}.{name}"
            else:
                default = list(setting.default) if isinstance(setting.default, tuple) else setting.default
                assert example[section][name] == default, f"{section}.{name}"
    assert load(EXAMPLE, {}) == Settings()
