"""Writes the site's pages of a database to a folder, and reads HTML."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine

from meeting_assets.metrics.parameters import Parameters
from meeting_assets.publications.pages.shared_pages import shared_pages

VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})
HOSTILE = "<script>alert('x')</script>\"'&--> </title>\u202e\u0645\u0631\u062d\u0628\u0627 \U0001f600"


@dataclass(frozen=True)
class RenderedPage:
    """A page with the hash of its inputs."""

    inputs_hash: str
    content: bytes


def rendered_site(connection: Connection, parameters: Parameters | None = None) -> dict[str, RenderedPage]:
    """All shared pages of a database, by key."""
    pages = shared_pages(connection, parameters or Parameters())
    return {key: RenderedPage(inputs_hash, render()) for key, inputs_hash, render in pages}


def write_site(engine: Engine, folder: Path) -> dict[str, RenderedPage]:
    """Writes the shared pages of a database, and a stand-in for every page of a meeting that they lead to."""
    with engine.connect() as connection:
        site = rendered_site(connection)
    for key, page in site.items():
        write(folder / key, page.content)
    for key in {link for _, link in links_of(site) if link.startswith("meetings/")}:
        write(folder / key, b"<!doctype html><html lang=en><title>Meeting</title><p>a meeting</p>")
    return site


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def links_of(site: Mapping[str, RenderedPage]) -> Iterator[tuple[str, str]]:
    """The key of a page, and the key with the fragment of each local link in it."""
    for key, page in site.items():
        if key.endswith(".html"):
            for link in read_html(page.content).links:
                if not link.startswith(("https://", "data:")):
                    yield key, resolved(key, link)


def resolved(key: str, link: str) -> str:
    """The key that a relative link of a page leads to.

    >>> resolved("people/a.html", "../meetings/b/index.html"), resolved("people/a.html", "#top")
    ('meetings/b/index.html', 'people/a.html#top')
    """
    path, mark, fragment = link.partition("#")
    parts = key.split("/")[:-1]
    for part in path.split("/") if path else key.split("/")[-1:]:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) + mark + fragment


def copy_of_database(source: Path, target: Path) -> Engine:
    """A copy of a SQLite database that a test may change."""
    with sqlite3.connect(source) as original, sqlite3.connect(target) as copy:
        original.backup(copy)
    original.close()
    copy.close()
    return create_engine(f"sqlite:///{target}")


@dataclass
class Html:
    """The parts of a page that tests compare."""

    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    rows: list[list[str]] = field(default_factory=list)
    """The texts of the cells of each table row."""
    text: str = ""
    unclosed: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Html()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append(tag)
        self.page.attributes |= {name for name, _ in attrs}
        values = dict(attrs)
        if link := values.get("href") or values.get("src"):
            self.page.links.append(link)
        if identity := values.get("id"):
            self.page.ids.append(identity)
        if tag == "tr":
            self.page.rows.append([])
        if tag in {"td", "th"}:
            self.page.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.page.unclosed.append(f"</{tag}> in {self.open[-3:]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.page.text += data
        if {"td", "th"} & {*self.open}:
            self.page.rows[-1][-1] += data


def read_html(content: bytes) -> Html:
    """Parses a page; `unclosed` lists tags that are not nested properly."""
    reader = _Reader()
    reader.feed(content.decode())
    reader.page.unclosed += [f"<{tag}>" for tag in reader.open]
    reader.page.rows = [[" ".join(cell.split()) for cell in row] for row in reader.page.rows]
    return reader.page
