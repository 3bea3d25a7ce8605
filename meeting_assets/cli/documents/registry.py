"""All JSON documents, and their JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from meeting_assets.cli.documents.diagnostics import DoctorDocument
from meeting_assets.cli.documents.people import AliasesChangeDocument, PeopleDocument, UnlinkedNamesDocument
from meeting_assets.cli.documents.queries import QueriesDocument, QueryDocument
from meeting_assets.cli.documents.search import SearchDocument
from meeting_assets.cli.documents.show import ShowDocument
from meeting_assets.cli.documents.speakers import SpeakersChangeDocument, SpeakersDocument, SpeakersImportDocument
from meeting_assets.cli.documents.status import StatusDocument, SyncDocument

PREFIX = "meeting_assets/"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: Mapping[str, type[msgspec.Struct]] = {
    str(each.__struct_config__.tag).removeprefix(PREFIX): each
    for each in (
        SyncDocument,
        StatusDocument,
        DoctorDocument,
        ShowDocument,
        SearchDocument,
        QueriesDocument,
        QueryDocument,
        SpeakersDocument,
        SpeakersChangeDocument,
        SpeakersImportDocument,
        PeopleDocument,
        UnlinkedNamesDocument,
        AliasesChangeDocument,
    )
}
"""The classes of documents by name and version, such as `status/1`, in the order of docs/json.md."""


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document."""
    return {"$schema": DIALECT, "$id": f"{PREFIX}{name}", **msgspec.json.schema(DOCUMENTS[name])}


def schema_file(name: str) -> tuple[str, str]:
    """The name and the content of the shipped file of a schema."""
    return f"{name.replace('/', '.')}.json", json.dumps(json_schema(name), indent=2) + "\n"
