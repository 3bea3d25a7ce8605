from __future__ import annotations

import pytest
from sqlalchemy import insert
from sqlmodel import Session, SQLModel, create_engine, select

from meeting_assets.metrics import METRICS, metric_rows
from meeting_assets.metrics.meeting import Utterance
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets_tests.support.meeting_builder import (
    RECORDING_ID,
    STORED_LATER,
    TRANSCRIPT_ID,
    attendees,
    meeting_of,
    metrics_of,
    said,
)

tables = pytest.mark.parametrize("table", list(METRICS), ids=lambda table: table.__tablename__)
UNITS = ("s; ", "0-1; ", "1/min; ", "ratio; ", "h; ", "persons; ", "turns; ", "1/100 words; ")


@tables
def test_columns_are_in_the_order_of_declaration(table: type[SQLModel]) -> None:
    columns = SQLModel.metadata.tables[str(table.__tablename__)].columns

    assert [column.name for column in columns] == list(table.model_fields)


@tables
def test_a_table_starts_with_its_key(table: type[SQLModel]) -> None:
    columns = list(SQLModel.metadata.tables[str(table.__tablename__)].columns)

    keys = [column.primary_key for column in columns]
    assert columns[0].name == "recording_id"
    assert keys == sorted(keys, reverse=True)


@tables
def test_every_column_has_a_description(table: type[SQLModel]) -> None:
    for name, field in table.model_fields.items():
        assert field.description, name


@tables
def test_every_table_states_its_grain(table: type[SQLModel]) -> None:
    assert "Grain: one row per" in (table.__doc__ or "")


@tables
def test_descriptions_state_units_that_names_do_not(table: type[SQLModel]) -> None:
    for name, field in table.model_fields.items():
        if field.annotation in {float, float | None}:
            assert (field.description or "").startswith(UNITS), name
            assert name.endswith("_s") == (field.description or "").startswith("s; "), name


def test_rows_carry_their_recording_parameters_and_inputs_hash() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10)), Parameters(timing_source="words"))

    assert metrics.meeting["recording_id"] == metrics.participants["ann"]["recording_id"] == RECORDING_ID
    assert metrics.meeting["config_version"] == Parameters(timing_source="words").config_version
    assert metrics.meeting["inputs_hash"] == "hash"


def test_the_same_inputs_make_the_same_rows() -> None:
    meeting = meeting_of(said("ann", 0, 10.123), said("bo", 5.5, 20.1), attendees=attendees("ann", "bo", "cy"))

    assert metric_rows(meeting, Parameters(), "hash") == metric_rows(meeting, Parameters(), "hash")


def test_a_database_gives_back_what_was_measured() -> None:
    meeting = meeting_of(
        said("ann", 0, 40.1),
        said("bo", 30, 60),
        attendees=attendees("ann", "bo", "cy"),
        transcript_id=TRANSCRIPT_ID,
        utterances=[Utterance("ann", None, 100)],
    )
    engine = create_engine("sqlite://")
    with Session(engine) as session:
        for table, rows in metric_rows(meeting, Parameters(), "hash").items():
            schema = SQLModel.metadata.tables[str(table.__tablename__)]
            schema.create(session.connection())
            if rows:
                session.execute(insert(schema), [dict(zip(table.model_fields, row, strict=True)) for row in rows])

        stored_meeting = session.exec(select(MeetingMetrics)).one().model_dump(exclude={*STORED_LATER})
        stored_people = [row.model_dump() for row in session.exec(select(ParticipantMetrics))]
    engine.dispose()

    metrics = metrics_of(meeting)
    assert stored_meeting == metrics.meeting
    assert sorted(stored_people, key=lambda row: row["participant_key"]) == list(metrics.participants.values())
