"""The command `search`, which finds words in transcripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from meeting_assets.cli.current_settings import read_settings
from meeting_assets.cli.meeting_texts import printable
from meeting_assets.cli.options import AsJson, FirstDay, LastDay, as_date, check_days
from meeting_assets.cli.terminal import out, print_json, print_line, print_note
from meeting_assets.publications.pages.values import clock

if TYPE_CHECKING:
    from meeting_assets.publications.search.finding import Hit, SearchResult


def search(
    words: Annotated[
        list[str], typer.Argument(metavar="QUERY", help='words, "a phrase", begin*, -excluded, either OR other')
    ],
    speaker: Annotated[
        str | None, typer.Option(metavar="NAME", help="only speakers with this name, or part of it")
    ] = None,
    first: FirstDay = None,
    last: LastDay = None,
    series: Annotated[str | None, typer.Option(metavar="ID|TITLE", help="only meetings of this series")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="most utterances to print")] = 20,
    as_json: AsJson = False,
) -> None:
    """Finds utterances with all words of a query in the transcripts, newest meeting first.

    Put a query with quotes or - in single quotes: 'budget "first draft" -holiday'.
    """
    from meeting_assets.cli.documents.search import search_document
    from meeting_assets.pipeline.storage import open_storage_read_only
    from meeting_assets.publications.page_links import PageLinks
    from meeting_assets.publications.search.finding import search as find
    from meeting_assets.publications.search.scope import SearchFilter

    first_day, last_day = as_date(first), as_date(last)
    check_days(first_day, last_day)
    settings = read_settings()
    query, restriction = " ".join(words), SearchFilter(speaker, series, first_day, last_day)
    with open_storage_read_only(settings) as storage:
        result = storage.database.read(lambda connection: find(connection, query, restriction, limit))
        links = PageLinks(storage, {(each.day, each.recording_id) for each in result.hits})

    def page_of(hit: Hit) -> str | None:
        return links.of(hit.day, hit.recording_id, hit.at_s)

    if as_json:
        print_json(search_document(query, result, page_of))
    else:
        _print_result(result, page_of)


def _print_result(result: SearchResult, page_of: Callable[[Hit], str | None]) -> None:
    for hit in result.hits:
        _print_hit(hit, page_of(hit))
    print_line(_count_sentence(result))
    if result.has_more:
        print_note("To see others, add words, --speaker, --series, --from or --to, or raise --limit.")
    if count := result.unindexed_recordings:
        lacks = "1 transcript" if count == 1 else f"{count} transcripts"
        print_note(f"The search index lacks {lacks}. `meeting-assets rebuild --outdated` adds what is missing.")


def _count_sentence(result: SearchResult) -> str:
    """The number of utterances found, and of those that match."""
    count = len(result.hits)
    if not count:
        return "No utterance was found."
    if result.has_more:
        total = f"{result.total:,}" if result.is_total_exact else f"more than {result.total:,}"
        return f"{count:,} of {total} utterances."
    return f"{count:,} utterance{'s' if count != 1 else ''}."


def _print_hit(hit: Hit, page: str | None) -> None:
    heading = Text(str(hit.day), style="bold")
    at = "no time" if hit.at_s is None else clock(hit.at_s)
    for part in (hit.title or hit.recording_id, at, hit.speaker or "unknown speaker"):
        heading.append(f"  {printable(part)}")
    snippet = Text(hit.snippet.text)
    for start, end in hit.snippet.marks:
        snippet.stylize("bold reverse", start, end)
    out.print(heading, soft_wrap=True)
    out.print(Text("    ").append_text(snippet), soft_wrap=True)
    if page is not None:
        out.print(Text(f"    {page}", style="dim"), soft_wrap=True)
