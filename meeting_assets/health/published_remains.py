"""The part of purge verification that searches the publications store.

The names of all files are searched for the ids of the recordings. The contents of shared files are searched for these
ids, for the ids of their bots and calendar events, and for texts and values. Files of other recordings have one
recording each, and are not read. A text that the page of definitions contains, too, proves nothing: it belongs to the
site.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from html import escape

from meeting_assets.health.fingerprints import MIN_TEXT_BYTES, Fingerprints
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.publications import DEFINITIONS


@dataclass(slots=True)
class PublishedRemains:
    """The remains in the publications store."""

    sentences: list[str] = field(default_factory=list)
    keys_by_text: dict[str, str] = field(default_factory=dict)
    """Texts that a shared file contains, with one such file. Rows of other recordings may contain them, too."""


def published_remains(storage: Storage, fingerprints: Fingerprints, excerpts: Collection[str]) -> PublishedRemains:
    """Searches the publications store for purged recordings.

    Raises:
        StoreError: the publications store cannot be read.
    """
    store, found = storage.publications, PublishedRemains()
    for name in store.names_with(fingerprints.recording_ids):
        found.sentences.append(f"the publications store keeps {name}")
    values = {each for each in fingerprints.values if len(each.encode(errors="replace")) >= MIN_TEXT_BYTES}
    needles = [(each, variant.encode(errors="replace")) for each in {*excerpts, *values} for variant in variants(each)]
    wanted = {each.encode() for each in {*fingerprints.recording_ids, *fingerprints.object_ids}}
    of_site: set[str] = set()
    naming: set[str] = set()
    for key, content in store.shared_contents():
        if key == DEFINITIONS:
            of_site |= {text for text, needle in needles if needle in content}
            continue
        if any(each in content for each in wanted):
            naming.add(key)
        for text, needle in needles:
            if needle in content:
                found.keys_by_text.setdefault(text, key)
    found.sentences += [f"{key} in the publications store mentions the recording" for key in sorted(naming)]
    found.keys_by_text = {text: key for text, key in found.keys_by_text.items() if text not in of_site}
    return found


def variants(text: str) -> list[str]:
    """A text as JSON and HTML write it, with and without escapes of non-ASCII letters.

    >>> variants('"R&D"')
    ['"R&D"', '\\\\"R&D\\\\"', '&quot;R&amp;D&quot;', '&#34;R&amp;D&#34;']
    """
    as_html = escape(text)
    jinja = as_html.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    as_json = [json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]]
    return [*dict.fromkeys([text, *as_json, as_html, jinja])]
