"""No output contains any part of a password in a URL: neither errors nor `doctor` nor the summary of a demo."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from meeting_assets.console import print_dev_addresses, print_next_steps
from meeting_assets.core.errors import MeetingAssetsError, SettingsError
from meeting_assets.core.urls import printable_url
from meeting_assets.health.diagnostics.settings import effective_settings
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.database import Database
from meeting_assets.store.publications import PublicationStore
from meeting_assets.store.raw import RawStore

PIECE = 4
# No other output contains these letters, so that a piece found in the output comes from the password.
LETTERS = "ЖЩЪЫЭЮЯ"
PASSWORDS = st.lists(
    st.tuples(
        st.text(LETTERS, min_size=PIECE, max_size=6), st.sampled_from([*"@/?#:%&=+ ;\\'\"[]", "%4", "%zz", "://"])
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: "".join(letters + mark for letters, mark in parts) + LETTERS)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": lambda password: password,
    "escaped": lambda password: quote(password, safe=""),
}
TEMPLATES = (
    "postgresql://me:{}@127.0.0.1:1/meetings",
    "postgresql://{}@127.0.0.1:1/meetings",
    "postgresql://127.0.0.1:1/meetings?user=me&password={}",
    "postgresql:///meetings?host=127.0.0.1&port=1&password={}",
    "postgresql://127.0.0.1:1/meetings?sslmode=prefer&sslpassword={}",
)
RAW_TEMPLATES = ("s3://key:{}@bucket/raw", "s3://{}@bucket/raw", "s3://bucket/raw?secret_access_key={}", "gs://b/r#{}")


def pieces(password: str) -> set[str]:
    """Returns the parts of the password that no output may contain, unescaped and in the escapes of URLs and Python."""
    runs = {password[start : start + PIECE] for start in range(len(password) - PIECE + 1)}
    letters = {each for each in runs if set(each) <= set(LETTERS)}
    return letters | {quote(each, safe="") for each in letters} | {ascii(each)[1:-1] for each in letters}


def printed(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> str:
    """Returns all output that may refer to a URL in the settings."""
    monkeypatch.setenv(name, url)
    try:
        read = read_settings()
    except SettingsError as error:
        return str(error)
    out = Console(file=io.StringIO(), width=400)
    print_next_steps(out, read)
    print_dev_addresses(out, read, "http://127.0.0.1:3000", is_sandbox=True)
    lines = [out.file.getvalue(), repr(read), *(each.value for each in effective_settings(read))]  # type: ignore[attr-defined]
    return "\n".join([*lines, *failures(read, name)])


def failures(read: Settings, name: str) -> list[str]:
    """Returns the messages about an unreachable database or raw store."""
    try:
        if name == "MEETING_ASSETS_DATABASE_URL":
            Database.at(read.database_url).close()
        elif name == "MEETING_ASSETS_RAW_URL":
            RawStore.at(read.raw_url)
        else:
            PublicationStore(read.publications_url).probe()
    except MeetingAssetsError as error:
        return [str(error)]
    return []


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("template", TEMPLATES)
@settings(max_examples=15)
@given(password=PASSWORDS)
def test_output_omits_the_password_of_a_database(template: str, encoding: str, password: str) -> None:
    url = template.format(ENCODINGS[encoding](password))
    with pytest.MonkeyPatch.context() as monkeypatch:
        output = printed(monkeypatch, "MEETING_ASSETS_DATABASE_URL", url)

    assert "MEETING_ASSETS_DATABASE_URL is wrong" in output or "127.0.0.1" in output or "postgresql" in output
    assert [each for each in pieces(password) if each in output] == []


@pytest.mark.parametrize(
    "query", ["sslpassword=one&two=three", "password=alpha&beta=gamma&user=me", "prepare_threshold=5"]
)
def test_unknown_connection_option_is_rejected_without_quoting_it(monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", f"postgresql://127.0.0.1:1/meetings?{query}")

    with pytest.raises(SettingsError, match="names an option that PostgreSQL's client does not have") as caught:
        read_settings()

    assert not [each for each in re.split("[=&]", query) if each in str(caught.value).split()]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("template", RAW_TEMPLATES)
@pytest.mark.parametrize("name", ["MEETING_ASSETS_RAW_URL", "MEETING_ASSETS_PUBLICATIONS_URL"])
@settings(max_examples=15)
@given(password=PASSWORDS)
def test_output_omits_the_secrets_of_a_store(name: str, template: str, encoding: str, password: str) -> None:
    url = template.format(ENCODINGS[encoding](password))
    with pytest.MonkeyPatch.context() as monkeypatch:
        output = printed(monkeypatch, name, url)

    assert [each for each in pieces(password) if each in output] == []


def test_search_detects_a_printed_password() -> None:
    password = "ЖЩЪЫ@ЭЮЯЖ"

    assert any(each in f"postgresql://me:{password}@host/db" for each in pieces(password))
    assert any(each in quote(password) for each in pieces(password))


@pytest.mark.parametrize(
    "user", ["me:my@secret/x", "me:a/b", "me:a?b", "me:a#b", "me:100%", "me:%zz", "me@corp:x", "me:pa@ss"]
)
def test_unescaped_password_is_rejected_with_advice_on_escaping(monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", f"postgresql://{user}@host/db")

    with pytest.raises(SettingsError, match=r"^MEETING_ASSETS_DATABASE_URL is wrong: .*percent-escaped.*%40 for @"):
        read_settings()


def test_printable_url_keeps_host_port_and_path() -> None:
    assert printable_url("postgresql://me:x@host:5432/db?sslmode=require") == "postgresql://host:5432/db"
    assert printable_url("s3://bucket/team@x/raw") == "s3://…"
    assert printable_url("postgresql://[::1]:5432/db") == "postgresql://[::1]:5432/db"
