"""Metadata of runs: counts, states of recordings and durations of each day, and no names of persons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg
import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.orchestration.assets.materializations import NAMED_RECORDINGS, shown_total
from meeting_assets.pipeline.storage import derived_tables
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import table_rows, use_sandbox
from meeting_assets_tests.support.materializations import Metadata, recording_states, shown
from meeting_assets_tests.support.runs import run_once, run_successfully
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT

FIRST, SECOND, EMPTY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
RANGE = [FIRST, SECOND, EMPTY]
TABLES = [table_of(model).name for model in derived_tables()]
LISTED = ["recordings", "meeting_metadata", "media_objects"]
"""Tables that the lists of recordings fill."""


pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    world = combined([uniform(FIRST, recordings=2), uniform(SECOND, recordings=1)])
    with Sandbox(world, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


def counts(metadata: Metadata, *names: str) -> tuple[Any, ...]:
    return tuple(metadata[name] for name in names)


def _recordings_of(day: date) -> set[str]:
    return {row[0] for row in table_rows()["recordings"] if day in row}


@pytest.mark.parametrize(
    "runs",
    [pytest.param([[FIRST], [EMPTY]], marks=pytest.mark.deployment), [RANGE]],
    ids=["single days", "a range"],
)
def test_each_day_shows_its_own_rows_and_those_of_the_table(defs: dg.Definitions, runs: list[list[date]]) -> None:
    outcomes = [run_once(f"specs {runs[0]}", defs, runs[0]), *(run_successfully(defs, days) for days in runs[1:])]
    run_ids = {day: outcome.run_id for days, outcome in zip(runs, outcomes, strict=True) for day in days}

    tables = table_rows()
    for day, run_id in run_ids.items():
        found, of_day = shown(run_id, day), _recordings_of(day)
        for table in [*LISTED, *TABLES]:
            expected = sum(row[0] in of_day for row in tables[table])
            assert found[table]["dagster/partition_row_count"] == expected, (table, day)
            assert bool(expected) == (day != EMPTY)
    last = shown(run_ids[EMPTY], EMPTY)
    names = [*LISTED, *TABLES]
    assert {table: last[table]["dagster/row_count"] for table in names} == {each: len(tables[each]) for each in names}


def test_each_day_of_a_range_shows_its_own_recordings(defs: dg.Definitions) -> None:
    outcome = run_once(f"specs {RANGE}", defs, RANGE)

    for day in RANGE:
        found = shown(outcome.run_id, day)
        for asset in ("recordings", "meeting_metrics"):
            assert set(recording_states(found[asset])) == _recordings_of(day)
        assert found["recordings"]["status.done"] == len(_recordings_of(day))
        assert {found[f"raw/{kind}"]["stored"] for kind in ARTIFACTS} == {len(_recordings_of(day))}


def test_all_other_values_of_a_range_are_labelled_as_totals_of_the_run(defs: dg.Definitions) -> None:
    outcome = run_once(f"specs {RANGE}", defs, RANGE)

    first, second = shown(outcome.run_id, FIRST), shown(outcome.run_id, SECOND)
    for asset, metadata in first.items():
        totals = {name for name in metadata if name.startswith("run.")}
        assert totals, asset
        assert counts(metadata, *totals) == counts(second[asset], *totals)
        others = metadata.keys() - totals - {"dagster/row_count", "quarantined"}
        others -= {name for name in others if metadata[name] == second[asset][name] == 0}
        assert all(metadata[name] != second[asset][name] for name in others), (asset, others)
    assert first["transcript_words"]["run.new"] == "3 in 3 partitions"
    assert _recordings_of(FIRST) | _recordings_of(SECOND) == {row[0] for row in table_rows()["recordings"]}


def test_no_total_of_a_range_is_a_number_that_dagster_would_plot_for_each_day(defs: dg.Definitions) -> None:
    outcome = run_once(f"specs {RANGE}", defs, RANGE)

    for metadata in shown(outcome.run_id, FIRST).values():
        totals = {name: value for name, value in metadata.items() if name.startswith("run.")}
        assert totals
        assert {name for name, value in totals.items() if isinstance(value, int | float)} <= {
            "run.named_recordings",
            "run.listed_at",
        }


@pytest.mark.parametrize(
    ("name", "value", "of_a_day", "of_a_range"),
    [
        ("received_bytes", 98_696, 98_696, "98,696 in 2 partitions"),
        ("media_s", 1234.5678901234, 1234.5678901234, "1,234.57 in 2 partitions"),
        ("mb_per_s", 12.345678901234, 12.345678901234, "12.35"),
        ("mb_per_s", 0, 0, "0"),
        (NAMED_RECORDINGS, 3, 3, 3),
        ("source", "api", "api", "api"),
    ],
)
def test_totals_of_a_range_are_texts_and_rates_are_no_totals(
    name: str, value: object, of_a_day: object, of_a_range: object
) -> None:
    assert shown_total(name, value, 1) == of_a_day
    assert shown_total(name, value, 2) == of_a_range


@pytest.mark.parametrize("days", [[FIRST], RANGE], ids=["a day", "a range"])
def test_data_version_is_the_last_row_of_a_page(defs: dg.Definitions, days: list[date]) -> None:
    outcome = run_once(f"specs {days}", defs, days)

    assert {[*metadata][-1] for metadata in shown(outcome.run_id, FIRST).values()} == {"data_version"}


def test_counts_tell_new_from_changed_unchanged_and_quarantined(sandbox: Sandbox, defs: dg.Definitions) -> None:
    names = "run.new", "run.changed", "run.unchanged", "run.quarantined"
    one, other = (each for each in sandbox.world.recordings if each.day == FIRST)
    first = shown(run_once(f"specs {[FIRST]}", defs, [FIRST]).run_id, FIRST)
    sandbox.reissue(one.of("transcript")[0].id)
    sandbox.set_payload(other.of("transcript")[0].id, "transcript", b"[7]")
    sandbox.touch(other.of("transcript")[0].id)

    second = shown(run_successfully(defs, [FIRST]).run_id, FIRST)
    third = shown(run_successfully(defs, [FIRST]).run_id, FIRST)

    assert counts(first["transcript_words"], *names) == (2, 0, 0, 0)
    assert counts(second["transcript_words"], *names) == (0, 1, 0, 1)
    assert counts(second["participants"], *names) == (0, 0, 2, 0)
    assert counts(third["transcript_words"], *names) == (0, 0, 2, 0)
    assert counts(first["meeting_metrics"], *names[:3]) == (2, 0, 0)
    assert counts(second["meeting_metrics"], *names[:3]) == (0, 2, 0)
    assert counts(third["meeting_metrics"], *names[:3]) == (0, 0, 2)
    assert counts(second["raw/transcript"], *names[:3]) == (0, 2, 0)
    assert [each["transcript_words"]["quarantined"] for each in (first, second, third)] == [0, 1, 1]


def test_phases_are_shown_in_seconds(defs: dg.Definitions) -> None:
    found = shown(run_once(f"specs {[FIRST]}", defs, [FIRST]).run_id, FIRST)

    assert counts(found["recordings"], "run.discover_s", "run.fetch_s") > (0.0, 0.0)
    assert found["transcript_words"]["run.parse_s"] > 0
    assert found["meeting_metrics"]["run.derive_s"] > 0


def test_events_of_a_run_contain_no_name_title_or_text(sandbox: Sandbox, defs: dg.Definitions) -> None:
    broken = sandbox.world.recordings[0]
    sandbox.set_payload(broken.of("transcript")[0].id, "transcript", b'[{"participant": "Zaphod Beeblebrox"}]')

    outcome = run_successfully(defs, [FIRST])

    with dg.DagsterInstance.get() as instance:
        said = "\n".join(str(entry) for entry in instance.all_logs(outcome.run_id))
    tables = table_rows()
    private = [*_texts(tables["participants"], 3), *_texts(tables["transcript_utterances"], -1), "Check-in", "Zaphod"]
    assert broken.id in said
    assert len(private) > 10
    assert [each for each in private if each in said] == []


def _texts(rows: Sequence[tuple[Any, ...]], column: int) -> list[str]:
    return [row[column] for row in rows if row[column]]
