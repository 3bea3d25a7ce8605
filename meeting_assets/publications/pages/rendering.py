"""Renders templates to HTML. Everything that comes from a meeting is escaped."""

from __future__ import annotations

from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from meeting_assets.publications.pages import links, values

PACKAGE = "meeting_assets.publications.pages"
NAVIGATION = (
    ("Meetings", links.INDEX),
    ("People", links.PEOPLE),
    ("Series", links.SERIES),
    ("Data health", links.HEALTH),
    ("Definitions", links.DEFINITIONS),
)
FILTERS = (
    *(values.duration, values.clock, values.percent, values.number),
    *(values.instant, values.day, values.short_day, values.shortened, values.with_code),
)
STATIC_PARTS = ("site", "meeting", "player")
"""Names of the stylesheets and scripts that are published as one file each."""


def render(template: str, key: str, **context: Any) -> str:
    """The HTML of a page.

    Templates know, besides the context: `key`, `link(key)` for the relative link to a page, and
    `definition(column, table)` for the link to a column's definition.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            key=key,
            link=partial(links.relative, key),
            definition=lambda column, table=None: links.relative(key, links.definition(column, table)),
            **context,
        )
    )


def static_files() -> dict[str, bytes]:
    """The stylesheet and the script of the site, by key."""
    return {links.STYLESHEET: _joined("css"), links.SCRIPT: _joined("js")}


def _joined(suffix: str) -> bytes:
    paths = (files(PACKAGE) / "static" / f"{part}.{suffix}" for part in STATIC_PARTS)
    return b"\n".join(path.read_bytes() for path in paths if path.is_file())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {function.__name__: function for function in FILTERS}
    environment.globals |= {"links": links, "navigation": NAVIGATION}
    return environment
