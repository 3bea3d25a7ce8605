"""Settings: promised variables, defaults, and messages for invalid values."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from meeting_assets.core.errors import SettingsError
from meeting_assets.settings import DOWNLOAD_HOSTS, Settings, read_settings

SECRET = "s3cret-71c04d5e"
PROMISED = {
    "RECALL_API_KEY",
    "RECALL_REGION",
    "RECALL_BASE_URL",
    "RECALL_LIST_CALLS_PER_MINUTE",
    "RECALL_WEBHOOK_SECRETS",
    "MEETING_ASSETS_HOME",
    "MEETING_ASSETS_DATABASE_URL",
    "MEETING_ASSETS_RAW_URL",
    "MEETING_ASSETS_PUBLICATIONS_URL",
    "MEETING_ASSETS_PAGES",
    "MEETING_ASSETS_EXPORTS",
    "MEETING_ASSETS_FIRST_DAY",
    "MEETING_ASSETS_OWN_DOMAINS",
    "DAGSTER_HOME",
}


def reading(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings()


def test_promised_variables_exist() -> None:
    assert {field.alias for field in Settings.model_fields.values()} >= PROMISED


def test_every_setting_has_a_description() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_defaults_match_documentation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MEETING_ASSETS_HOME")
    monkeypatch.chdir(tmp_path)

    settings = read_settings()

    home = tmp_path / "data"
    assert settings.home == home
    assert settings.database_url == f"sqlite:///{home}/meetings.db"
    assert settings.raw_url == str(home / "raw")
    assert settings.publications_url == str(home / "publications")
    assert (settings.pages, settings.exports) == (True, ())
    assert settings.dagster_home == home / "dagster"
    assert settings.api_key is None
    assert settings.region == "us-east-1"
    assert settings.base_url == "https://us-east-1.recall.ai"
    assert settings.list_calls_per_minute == 50
    assert settings.webhook_secrets == ()
    assert settings.first_day == date(2025, 1, 1)
    assert settings.timing_source == "speaker_timeline"
    assert settings.known_bot_names == frozenset()
    assert settings.own_domains == ()
    assert settings.download_host_patterns == DOWNLOAD_HOSTS


def test_variables_named_like_fields_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = read_settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
        monkeypatch.setenv(name.upper(), str(tmp_path / "elsewhere"))

    assert read_settings() == before


@pytest.mark.parametrize("value", ["", "  ", "\n"])
def test_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    before = read_settings()
    for field in Settings.model_fields.values():
        if field.alias != "MEETING_ASSETS_HOME":
            monkeypatch.setenv(str(field.alias), value)

    assert read_settings() == before


def test_blanks_around_value_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = reading(monkeypatch, RECALL_REGION=" eu-central-1\n", MEETING_ASSETS_FIRST_DAY=" 2026-01-02 ")

    assert settings.base_url == "https://eu-central-1.recall.ai"
    assert settings.first_day == date(2026, 1, 2)


@pytest.mark.parametrize("key", ["abc", " abc\n", "Token abc", "token  abc", "Token\tabc"])
def test_api_key_may_have_blanks_or_token_prefix(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    settings = reading(monkeypatch, RECALL_API_KEY=key)

    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "abc"


def test_home_does_not_follow_the_working_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = reading(monkeypatch, MEETING_ASSETS_HOME="meetings")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")

    assert settings.home == tmp_path / "meetings"
    assert settings.raw_url == str(tmp_path / "meetings" / "raw")


def test_tilde_expands_to_the_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    settings = reading(
        monkeypatch,
        MEETING_ASSETS_HOME="~/home",
        MEETING_ASSETS_RAW_URL="~/raw",
        MEETING_ASSETS_DATABASE_URL="sqlite:///~/x.db",
        DAGSTER_HOME="~/dagster",
    )

    assert settings.home == tmp_path / "home"
    assert settings.raw_url == str(tmp_path / "raw")
    assert settings.database_url == f"sqlite:///{tmp_path}/x.db"
    assert settings.dagster_home == tmp_path / "dagster"


def test_tilde_with_unknown_user_is_part_of_a_name(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    assert reading(monkeypatch, MEETING_ASSETS_RAW_URL="~nobody-here/raw").raw_url == str(home / "~nobody-here/raw")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("x/meetings.db", None),
        ("sqlite:///x.db", "sqlite:///{home}/x.db"),
        ("sqlite:///x y/z.db?timeout=3", "sqlite:///{home}/x y/z.db?timeout=3"),
        ("sqlite:////abs/x.db", "sqlite:////abs/x.db"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h:5432/d?sslmode=require", "postgresql+psycopg://u:p@h:5432/d?sslmode=require"),
        ("POSTGRESQL://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg2://h/d", "postgresql+psycopg://h/d"),
        ("postgresql:///d", "postgresql+psycopg:///d"),
        ("postgres://u:p%40:%2F%3F%23@h/d", "postgresql+psycopg://u:p%40:%2F%3F%23@h/d"),
        ("sqlite:///100%25/x.db", "sqlite:///{home}/100%25/x.db"),
    ],
)
def test_database_url_includes_driver(
    monkeypatch: pytest.MonkeyPatch, home: Path, value: str, read: str | None
) -> None:
    if read is None:
        with pytest.raises(SettingsError, match="MEETING_ASSETS_DATABASE_URL"):
            reading(monkeypatch, MEETING_ASSETS_DATABASE_URL=value)
    else:
        settings = reading(monkeypatch, MEETING_ASSETS_DATABASE_URL=value)

        assert settings.database_url == read.format(home=home)


@pytest.mark.parametrize(
    ("value", "read"),
    [("x/y", "{home}/x/y"), ("/abs", "/abs"), ("s3://bucket/x", "s3://bucket/x"), ("file:///x", "file:///x")],
)
def test_raw_url_is_an_absolute_folder_or_a_url(
    monkeypatch: pytest.MonkeyPatch, home: Path, value: str, read: str
) -> None:
    assert reading(monkeypatch, MEETING_ASSETS_RAW_URL=value).raw_url == read.format(home=home)


@pytest.mark.parametrize(("value", "read"), [("x", "{home}/x"), ("/abs", "/abs")])
def test_relative_dagster_home_is_inside_home(
    monkeypatch: pytest.MonkeyPatch, home: Path, value: str, read: str
) -> None:
    assert str(reading(monkeypatch, DAGSTER_HOME=value).dagster_home) == read.format(home=home)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("http://127.0.0.1:8461", "http://127.0.0.1:8461"),
        ("https://proxy.example/recall/", "https://proxy.example/recall"),
        ("https://us-west-2.recall.ai/api/v1/", "https://us-west-2.recall.ai"),
    ],
)
def test_base_url_excludes_the_api_path(monkeypatch: pytest.MonkeyPatch, value: str, read: str) -> None:
    assert reading(monkeypatch, RECALL_BASE_URL=value).base_url == read


def test_own_domains_are_compared_in_one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = reading(monkeypatch, MEETING_ASSETS_OWN_DOMAINS="Example.org., EXAMPLE.com ,xn--bcher-kva.example,")

    assert settings.own_domains == ("bücher.example", "example.com", "example.org")


@pytest.mark.parametrize(
    "value", ["com", "@example.com", "*.example.com", ".example.com", "ada@example.com", "a b.com"]
)
def test_own_domain_that_matches_no_or_every_address_is_rejected(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(SettingsError, match=r"leave out @ and \*"):
        reading(monkeypatch, MEETING_ASSETS_OWN_DOMAINS=f"example.org,{value}")


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = reading(
        monkeypatch,
        RECALL_WEBHOOK_SECRETS="whsec_YWJj, whsec_YWJk,",
        MEETING_ASSETS_BOT_NAMES="Notes, ,My Bot",
        MEETING_ASSETS_DOWNLOAD_HOSTS="a.example, *.b.example",
    )

    assert settings.webhook_secrets == ("whsec_YWJj", "whsec_YWJk")
    assert settings.known_bot_names == {"notes", "my bot"}
    assert settings.download_host_patterns == ("a.example", "*.b.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECALL_API_KEY", f"{SECRET} {SECRET}"),
        ("RECALL_API_KEY", f"{SECRET}\n{SECRET}"),
        ("RECALL_API_KEY", f"{SECRET}é"),
        ("RECALL_API_KEY", f"Bearer {SECRET}"),
        ("RECALL_REGION", SECRET),
        ("RECALL_BASE_URL", SECRET),
        ("RECALL_BASE_URL", f"ftp://{SECRET}"),
        ("RECALL_BASE_URL", f"https://user:{SECRET}@host"),
        ("RECALL_BASE_URL", f"https://host?key={SECRET}"),
        ("RECALL_BASE_URL", f"https://host#{SECRET}"),
        ("RECALL_BASE_URL", f"https://host:{SECRET}"),
        ("RECALL_BASE_URL", f"http://[{SECRET}"),
        ("RECALL_BASE_URL", "http://"),
        ("RECALL_BASE_URL", "http://us-east-1.recall.ai"),
        ("RECALL_LIST_CALLS_PER_MINUTE", SECRET),
        ("RECALL_LIST_CALLS_PER_MINUTE", "0"),
        ("RECALL_WEBHOOK_SECRETS", SECRET),
        ("RECALL_WEBHOOK_SECRETS", f"whsec_YWJj,whsec_{SECRET}"),
        ("RECALL_WEBHOOK_SECRETS", "whsec_"),
        ("RECALL_WEBHOOK_SECRETS", "YWJj"),
        ("MEETING_ASSETS_DATABASE_URL", SECRET),
        ("MEETING_ASSETS_DATABASE_URL", f"mysql://user:{SECRET}@host/d"),
        ("MEETING_ASSETS_DATABASE_URL", f"postgres://user:{SECRET}@host:port/d"),
        ("MEETING_ASSETS_DATABASE_URL", "sqlite://"),
        ("MEETING_ASSETS_DATABASE_URL", "sqlite:///"),
        ("MEETING_ASSETS_DATABASE_URL", "sqlite:///:memory:"),
        ("MEETING_ASSETS_FIRST_DAY", SECRET),
        ("MEETING_ASSETS_FIRST_DAY", "2026-02-30"),
        ("MEETING_ASSETS_TIMING_SOURCE", SECRET),
        ("MEETING_ASSETS_METRICS", SECRET),
        ("MEETING_ASSETS_EXPORTS", f"vtt, {SECRET}"),
        ("MEETING_ASSETS_EXPORTS", "off, vtt"),
        ("MEETING_ASSETS_OWN_DOMAINS", SECRET),
        ("MEETING_ASSETS_OWN_DOMAINS", f"example.com, ada@{SECRET}.example"),
    ],
)
def test_message_names_the_invalid_variable_and_omits_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        reading(monkeypatch, **{name: value})

    text = str(raised.value)
    assert text.startswith(f"{name} is wrong: ")
    assert text.endswith(".")
    assert "\n" not in text
    assert SECRET not in text
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_message_names_every_invalid_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        SettingsError, match=r"RECALL_REGION is wrong: .*\. MEETING_ASSETS_TIMING_SOURCE is wrong: .*\.$"
    ):
        reading(monkeypatch, RECALL_REGION="mars-1", MEETING_ASSETS_TIMING_SOURCE="vinyl")


def test_settings_are_printed_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = reading(
        monkeypatch,
        RECALL_API_KEY=SECRET,
        RECALL_WEBHOOK_SECRETS="whsec_czNjcmV0LTcxYzA0ZDVl",
        MEETING_ASSETS_DATABASE_URL=f"postgres://user:{SECRET}@host/d",
        MEETING_ASSETS_RAW_URL=f"s3://{SECRET}@bucket",
        MEETING_ASSETS_PUBLICATIONS_URL=f"s3://me:{SECRET}@pages",
    )

    assert SECRET in settings.database_url
    for shown in (repr(settings), str(settings)):
        assert SECRET not in shown
        assert "whsec_" not in shown


def test_secrets_of_the_publications_store_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"s3://bucket/pages?token={SECRET}"

    assert SECRET in reading(monkeypatch, MEETING_ASSETS_PUBLICATIONS_URL=url).secrets


@pytest.mark.parametrize(("given", "read"), [("off", ()), ("vtt", ("vtt",)), (" srt, md ,srt", ("srt", "md"))])
def test_export_formats_are_a_list(monkeypatch: pytest.MonkeyPatch, given: str, read: tuple[str, ...]) -> None:
    assert reading(monkeypatch, MEETING_ASSETS_EXPORTS=given).exports == read


def test_importing_settings_does_not_import_sqlalchemy() -> None:
    code = "import sys, meeting_assets.settings; sys.exit('sqlalchemy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_readme_documents_every_setting() -> None:
    table = (Path(__file__).parent.parent / "README.md").read_text()

    assert [field.alias for field in Settings.model_fields.values() if f"`{field.alias}`" not in table] == []
