"""Markdown with front matter in YAML, for wikis, note tools and static sites."""

from __future__ import annotations

import re

import yaml  # type: ignore[import-untyped]

from meeting_assets.publications.exports.facts import facts_of
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.exports.paragraphs import clock, paragraphs
from meeting_assets.publications.meeting_text import MeetingText

# The characters that CommonMark allows to escape and that begin markup anywhere in a line. `$`, `%`, `=` and `^` do so
# in extensions: formulas, comments, highlights and superscripts.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!$%=^])")


def escaped(text: str) -> str:
    r"""A text without markup.

    >>> print(escaped("a_b <script> *"))
    a\_b \<script\> \*
    """
    return _MARKUP.sub(r"\\\1", text)


def markdown(meeting: MeetingText) -> str:
    """A heading with the title, then one paragraph per speaker."""
    parts = [_front_matter(meeting), f"# {escaped(_title(meeting))}\n"]
    parts += [
        f"**{escaped(each.speaker)}** ({clock(each.start_s)}): {escaped(each.text)}\n"
        for each in paragraphs(meeting.utterances)
    ]
    return "\n".join(parts)


def _title(meeting: MeetingText) -> str:
    return " ".join((meeting.title or "").split()) or f"Meeting of {meeting.day}"


def _front_matter(meeting: MeetingText) -> str:
    facts = {"title": _title(meeting)} | {name: fact for name, fact in facts_of(meeting).items() if name != "title"}
    known = {_Name(name): value for name, value in facts.items() if value is not None}
    return f"---\n{yaml.dump(known, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float('inf'))}---\n"


class _Name(str):
    """The name of a fact, which is not quoted."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Quotes all texts: readers of YAML 1.1 and 1.2 take different ones for numbers or booleans, such as `1e3`."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
_Dumper.add_representer(_Name, lambda dumper, name: dumper.represent_scalar("tag:yaml.org,2002:str", str(name)))


MD = ExportFormat("md", "md", markdown)
