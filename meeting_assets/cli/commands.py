"""The commands with their modules. A command's module is imported when the command is called.

`--help` needs none of these modules, most of which import the database or Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommandSource:
    """The module in `meeting_assets.cli` whose function of the command's name is the command."""

    module: str
    summary: str
    """One line for the list of commands."""
    examples: tuple[str, ...]
    """Calls for the end of its help, without `meeting-assets`."""


RECORDING = "0206f11b"

COMMANDS: Mapping[str, CommandSource] = {
    "demo": CommandSource("ingestion", "Sync two weeks of sample meetings, without a key", ("demo",)),
    "sandbox": CommandSource(
        "services", "Serve a stand-in for the Recall.ai API", ("sandbox", "sandbox --from-folder meetings/")
    ),
    "sync": CommandSource(
        "ingestion",
        "Fetch, parse and measure meetings",
        ("sync", "sync --from 2026-01-01 --to 2026-03-31", "sync --recording 0206f11b-68ab-42b1-8a30-b85f60076e83"),
    ),
    "rebuild": CommandSource(
        "ingestion", "Derive the tables again from the raw store", ("rebuild --from 2026-03-01", "rebuild --outdated")
    ),
    "status": CommandSource(
        "inspection", "Count stored, missing and unreadable artifacts", ("status", "status --json")
    ),
    "doctor": CommandSource("inspection", "Check settings, API, database and stores", ("doctor",)),
    "migrate": CommandSource("migration", "Upgrade the tables to this version", ("migrate",)),
    "dev": CommandSource("services", "Run Dagster's UI, daemon, sensors and schedules", ("dev",)),
    "webhooks": CommandSource("services", "Receive Recall.ai's webhooks", ("webhooks --port 8080",)),
    "webserver-proxy": CommandSource(
        "services",
        "Protect Dagster's webserver from forged requests",
        ("webserver-proxy --webserver http://127.0.0.1:3001 --port 3000",),
    ),
    "speakers": CommandSource(
        "speakers",
        "Show and correct the speakers of a recording",
        (f"speakers {RECORDING}", f"speakers {RECORDING} --assign 'label:Speaker A=100'"),
    ),
    "people": CommandSource("people", "List persons across meetings, and join their keys", ("people",)),
    "show": CommandSource("showing", "Show one meeting", (f"show {RECORDING}", f"show {RECORDING} --json")),
    "queries": CommandSource(
        "querying",
        "Answer documented questions about meetings",
        ("queries", "queries late_starts --param minutes=10", "queries bad_data --limit 100 --csv"),
    ),
    "export": CommandSource(
        "exporting",
        "Write recordings as subtitles, text or tables",
        (
            f"export {RECORDING} --format srt --to -",
            "export --first-day 2026-03-01 --last-day 2026-03-31 --format md --to notes/",
        ),
    ),
    "search": CommandSource(
        "searching",
        "Find words in transcripts",
        (
            "search budget forecast",
            "search '\"follow up\" -draft' --speaker 'Ana Ruiz' --from 2026-03-01",
            "search 'deadline OR milestone*' --series 'Weekly sync' --json",
        ),
    ),
    "pages": CommandSource(
        "pages", "Write the pages of meetings, and open them", ("pages --open", "pages --from 2026-03-01")
    ),
    "purge": CommandSource("deletion", "Delete recordings permanently", (f"purge {RECORDING}",)),
}
"""The commands in the order of the help, from the first use to the last."""
