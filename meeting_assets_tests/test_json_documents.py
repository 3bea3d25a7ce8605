"""JSON documents of the commands: docs/json.md describes every key, and real output meets the shipped JSON Schemas.

After an intended change of a document, run `make renew` and review the diff.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

import meeting_assets.cli
from meeting_assets.cli.documents.registry import DOCUMENTS, json_schema, schema_file
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.schema.persistent import Artifacts, Corrections, PersonAliases
from meeting_assets_tests.conftest import ROOT
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import sync_days, use_sandbox

DOCUMENT = ROOT / "docs/json.md"
SCHEMAS = Path(meeting_assets.cli.__file__).parent / "schemas"
BEGIN = "<!-- Documents: written by `make renew`. Do not edit them here. -->\n\n"
DAY = date(2026, 3, 2)


def written() -> str:
    """The generated part of the page."""
    return "\n".join(line for name in DOCUMENTS for line in _section(name))


def _section(name: str) -> Iterator[str]:
    schema = json_schema(name)
    parts = schema["$defs"]
    main = schema["$ref"].rpartition("/")[2]
    yield f"## `meeting_assets/{name}`"
    yield ""
    for part in [main, *(each for each in parts if each != main)]:
        yield parts[part]["description"] if part == main else f"`{part}`: {parts[part]['description']}"
        yield ""
        yield "| key | type | meaning |"
        yield "|---|---|---|"
        for key, value in parts[part]["properties"].items():
            if key != "schema":
                yield f"| `{key}` | {_type(value)} | {value['description'].replace('|', chr(92) + '|')} |"
        yield ""


def _type(value: Mapping[str, Any]) -> str:
    """The type of a value in words."""
    if "anyOf" in value:
        return " or ".join(map(_type, value["anyOf"]))
    if "$ref" in value:
        return f"`{value['$ref'].rpartition('/')[2]}`"
    if "enum" in value:
        return " or ".join(f"`{each}`" for each in value["enum"])
    if value.get("type") == "array":
        return f"list of {_type(value['items'])}"
    if value.get("type") == "object":
        values = value.get("additionalProperties", {})
        return f"object of {_type(values)}" if values else "object"
    formats = {"date": "day", "date-time": "instant"}
    return formats.get(str(value.get("format")), str(value.get("type", "any value")))


@pytest.mark.golden
def test_page_and_shipped_schemas_are_those_of_the_documents() -> None:
    prose, _, described = DOCUMENT.read_text().partition(BEGIN)
    expected = dict(map(schema_file, DOCUMENTS))
    if os.environ.get("RENEW"):
        described = written()
        DOCUMENT.write_text(prose + BEGIN + described)
        for path in SCHEMAS.glob("*.json"):
            path.unlink()
        for file, content in expected.items():
            (SCHEMAS / file).write_text(content)

    assert described == written()
    assert {path.name: path.read_text() for path in SCHEMAS.glob("*.json")} == expected


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_key_is_described_and_required(name: str) -> None:
    schema = json_schema(name)

    Draft202012Validator.check_schema(schema)
    for part in schema["$defs"].values():
        assert part["description"]
        assert [key for key, each in part["properties"].items() if key != "schema" and not each["description"]] == []
        assert {*part["required"]} | {"schema"} == {*part["properties"]} | {"schema"}


@pytest.mark.parametrize(
    ("name", "part", "model"),
    [
        ("speakers/1", "CorrectionInForce", Corrections),
        ("people/1", "PersonAlias", PersonAliases),
        ("show/1", "HeadlineMetrics", MeetingMetrics),
        ("show/1", "ShownParticipant", ParticipantMetrics),
        ("show/1", "ShownArtifact", Artifacts),
    ],
)
def test_keys_of_rows_are_columns_of_their_table(name: str, part: str, model: Any) -> None:
    beside = {"occurs", "undo", "is_host"}

    assert {*json_schema(name)["$defs"][part]["properties"]} - beside <= {*model.model_fields}


def checked(name: str, *arguments: str) -> dict[str, Any]:
    """The document that a command prints, which meets its shipped schema."""
    done = command(*arguments, "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    assert next(iter(document)) == "schema", done.stderr
    assert document["schema"] == f"meeting_assets/{name}"
    schema = json.loads((SCHEMAS / f"{name.replace('/', '.')}.json").read_text())
    Draft202012Validator(schema).validate(document)
    return document


@pytest.fixture
def sandbox(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20)) as running:
        use_sandbox(running, monkeypatch)
        yield running


def test_documents_of_counts_meet_their_schemas(sandbox: Sandbox) -> None:
    assert checked("status/1", "status")["recordings"] == {}

    broken = sandbox.world.recordings[0].of("transcript")[0]
    sandbox.set_payload(broken.id, "transcript", b"[7]")
    synced = checked("sync/1", "sync", "--from", str(DAY), "--to", str(DAY))

    assert (synced["is_complete"], synced["first_day"], len(synced["action_items"])) == (True, str(DAY), 1)
    assert checked("status/1", "status")["action_items"] == synced["action_items"]
    assert checked("doctor/1", "doctor")["is_healthy"] is True


def test_documents_about_meetings_meet_their_schemas(sandbox: Sandbox) -> None:
    sync_days([DAY])
    recording = sandbox.world.recordings[0].id

    shown = checked("show/1", "show", recording)
    assert (shown["recording_id"], bool(shown["participants"])) == (recording, True)
    assert checked("queries/1", "queries")["queries"]
    assert checked("query/1", "queries", "latest_meetings")["rows"][0]["day"] == str(DAY)


def test_documents_about_speakers_meet_their_schemas(sandbox: Sandbox, home: Path) -> None:
    sync_days([DAY])
    recording = sandbox.world.recordings[0].id
    speaker = checked("speakers/1", "speakers", recording)["speakers"][0]["speaker_key"]

    changed = checked("speakers_change/1", "speakers", recording, "--name", f"{speaker}=Ada", "--author", "Bo")

    assert (changed["made"], changed["corrections"][0]["target"]) == ([speaker], "Ada")
    exported = home / "corrections.csv"
    command("speakers", recording, "--export", str(exported))
    assert checked("speakers_import/1", "speakers", "--import", str(exported))["unchanged_count"] == 1


def test_documents_about_people_meet_their_schemas(sandbox: Sandbox) -> None:
    sync_days([DAY])
    alias = "email:ada@old.example=email:ada@example.com"

    assert checked("aliases_change/1", "people", "--alias", alias)["added_count"] == 1
    assert checked("people/1", "people")["aliases"][0]["target"] == "email:ada@example.com"
    checked("unlinked_names/1", "people", "--unlinked")
