"""Diagnostics of the publications store: access, and whether all hosts of the deployment write to the same one."""

from __future__ import annotations

from collections.abc import Iterator

from meeting_assets.core.urls import printable_url
from meeting_assets.health.diagnostics.report import HealthCheck, Severity
from meeting_assets.pipeline.storage import publication_store
from meeting_assets.settings import Settings
from meeting_assets.store.objects import is_object_store

PUBLICATIONS = "publications"


def diagnose_publications(settings: Settings) -> Iterator[HealthCheck]:
    """Checks that the publications store can be written, read and deleted from. The probe is removed again.

    If pages and exports are off, the store is only listed, as a purge does: earlier runs may have written there.
    """
    store, url = publication_store(settings), printable_url(settings.publications_url)
    if not settings.pages and not settings.exports:
        store.sizes_of_shared()
        yield HealthCheck(PUBLICATIONS, Severity.OK, f"Pages and exports are off; {url} can be listed.")
        return
    store.probe()
    written = ", ".join([*(["pages"] if settings.pages else []), *settings.exports])
    yield HealthCheck(PUBLICATIONS, Severity.OK, f"{url} can be written. It receives {written}.")
    if is_object_store(settings.raw_url) and not is_object_store(settings.publications_url):
        sentence = (
            f"{url} is a folder, and the raw store is an object store. If several hosts run the deployment, each of "
            "them writes its own files, and a purge misses those of other hosts. Set MEETING_ASSETS_PUBLICATIONS_URL "
            "to an object store."
        )
        yield HealthCheck(PUBLICATIONS, Severity.WARNING, sentence)
