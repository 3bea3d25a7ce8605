"""Diagnostics of the raw store: access, origin, and agreement with the ledger.

The probe of the raw store writes one object and deletes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from sqlalchemy import inspect

from meeting_assets.core.errors import StoreError
from meeting_assets.core.urls import printable_url
from meeting_assets.health.audit import LONGEST_WRITE, Audit, audit
from meeting_assets.health.diagnostics.database import table_names
from meeting_assets.health.diagnostics.origin import diagnose_origin
from meeting_assets.health.diagnostics.report import HealthCheck, Severity, shown_size
from meeting_assets.health.media_audit import MediaAudit, audit_media
from meeting_assets.pipeline.storage import open_raw_store
from meeting_assets.settings import Settings
from meeting_assets.store.database import Database

RAW_STORE = "raw store"
RAW_OBJECTS = "raw objects"
MEDIA_FILES = "media files"
AUDIT_BUDGET_S = 20.0
MAX_KEYS_NAMED = 5
SINGULAR = MappingProxyType({"are": "is", "belong": "belongs", "have": "has", "were": "was"})


def diagnose_raw_store(settings: Settings) -> Iterator[HealthCheck]:
    """Checks that the raw store can be written, read and deleted from, and the origin of its meetings."""
    raw = open_raw_store(settings)
    raw.probe()
    yield diagnose_origin(RAW_STORE, raw.origin(), settings, f"{printable_url(settings.raw_url)} can be written")


def diagnose_raw_objects(settings: Settings) -> Iterator[HealthCheck]:
    """Audits raw store and ledger; yields nothing if one of them is unavailable, because other checks report that."""
    try:
        database = Database.at(settings.database_url, settings.database_schema, is_read_only=True)
        raw = open_raw_store(settings)
    except StoreError:
        return
    try:
        with database.reading() as connection:
            is_complete = not table_names() - {*inspect(connection).get_table_names()}
        result = audit(database, raw, budget_s=AUDIT_BUDGET_S) if is_complete else None
        of_media = audit_media(database, raw, budget_s=AUDIT_BUDGET_S, min_age=LONGEST_WRITE) if is_complete else None
    except StoreError:
        return
    finally:
        database.close()
    if result is not None:
        yield from _audit_checks(result)
    if of_media is not None:
        yield from _media_audit_checks(of_media)


def _audit_checks(result: Audit) -> Iterator[HealthCheck]:
    for keys, severity, sentence in (
        (
            result.lost,
            Severity.ERROR,
            "are in the ledger, but not in the raw store. Run `meeting-assets sync --from DAY --to DAY --refetch` to "
            "fetch them again. If Recall.ai no longer has them, run `meeting-assets rebuild --from DAY --to DAY` to "
            "record the loss",
        ),
        (
            result.unknown,
            Severity.WARNING,
            "have no ledger row. Run `meeting-assets rebuild --from DAY --to DAY` to load them",
        ),
        (
            result.purged,
            Severity.WARNING,
            "belong to purged recordings. Run `meeting-assets purge` for these recordings again",
        ),
        (
            result.foreign,
            Severity.WARNING,
            "were not written by this version of meeting_assets. Inspect them and move them out of the raw store",
        ),
        (
            result.unsaved,
            Severity.WARNING,
            "are missing, although the database has the corrections. Run `meeting-assets rebuild --from DAY --to DAY` "
            "to write them",
        ),
        (result.half_written, Severity.WARNING, "were left incomplete by killed runs. They can be deleted"),
    ):
        if keys:
            yield HealthCheck(RAW_OBJECTS, severity, _sentence(keys, "raw object", sentence), StoreError)
    older = f" ({result.older} of them are earlier contents)" if result.older else ""
    days = "1 day" if result.days == 1 else f"{result.days} days"
    sentence = f"{result.objects} objects{older} of {days} were compared with the ledger by name"
    remaining = result.days_stored - result.days
    if remaining > 0:
        sentence += f"; {remaining} older days were skipped after {AUDIT_BUDGET_S:.0f} s"
    yield HealthCheck(RAW_OBJECTS, Severity.WARNING if remaining > 0 else Severity.OK, f"{sentence}.")


def _media_audit_checks(result: MediaAudit) -> Iterator[HealthCheck]:
    """The results of the audit of media files; nothing where none were ever stored."""
    for keys, severity, sentence in (
        (
            result.lost,
            Severity.ERROR,
            "are in the ledger of media files, but missing or truncated in the raw store. Restore them from a backup",
        ),
        (
            result.unknown,
            Severity.WARNING,
            "have no row. Run `meeting-assets rebuild` to add those that have a description; keep the others, which "
            "may be the only copies",
        ),
        (
            result.replaced,
            Severity.WARNING,
            "were left by earlier uploads of parts that are stored under another name, and can be deleted",
        ),
        (
            result.purged,
            Severity.WARNING,
            "belong to purged recordings. Run `meeting-assets purge` for these recordings again",
        ),
    ):
        if keys:
            yield HealthCheck(MEDIA_FILES, severity, _sentence(keys, "media file", sentence), StoreError)
    if result.files or result.skipped_days:
        sentence = f"{result.files} stored media files ({shown_size(result.size_bytes)}) were found by name and size"
        skipped = f"; {result.skipped_days} older days were skipped" if result.skipped_days else ""
        severity = Severity.WARNING if result.skipped_days else Severity.OK
        yield HealthCheck(MEDIA_FILES, severity, f"{sentence}{skipped}.")


def _sentence(keys: Sequence[str], noun: str, predicate: str) -> str:
    """Counts and names keys, followed by a predicate whose first word is a plural verb."""
    verb, rest = predicate.split(" ", 1)
    subject, verb = (noun, SINGULAR[verb]) if len(keys) == 1 else (f"{noun}s", verb)
    more = f" and {len(keys) - MAX_KEYS_NAMED} more" if len(keys) > MAX_KEYS_NAMED else ""
    return f"{len(keys)} {subject} ({', '.join(keys[:MAX_KEYS_NAMED])}{more}) {verb} {rest}."
