"""The component: names, fields, secrets and defaults of a workspace, beside another project's assets."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import dagster as dg
import pytest
from pydantic import SecretStr, ValidationError

from meeting_assets import MeetingAssetsComponent
from meeting_assets import component as component_module
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.definitions import defs as deployed_definitions
from meeting_assets.orchestration.workspace import SYNC, Workspace
from meeting_assets.settings import Settings, read_settings
from meeting_assets_tests.support.components import build, instance_of, prefixed, report

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

SETTING = re.compile(r"(?:RECALL|MEETING_ASSETS)_[A-Z_]+")
KEY, PASSWORD, SIGNATURE = "planted-api-key", "planted-password", "planted-webhook"


ALL_MEDIA = ", ".join(MediaKind)


def names(defs: dg.Definitions) -> dict[str, set[str]]:
    """The names of all objects that must differ between two workspaces, by their type."""
    repository = defs.get_repository_def()
    steps = [*(defs.assets or ()), *(defs.asset_checks or ())]
    jobs = [each for each in repository.get_all_jobs() if not each.name.startswith("__")]
    return {
        "assets": {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()},
        "checks": {str(key) for key in defs.resolve_asset_graph().asset_check_keys},
        "groups": {str(spec.group_name) for spec in defs.resolve_all_asset_specs()},
        "steps": {each.op.name for each in steps if isinstance(each, dg.AssetsDefinition)},
        "pools": set(chain.from_iterable(each.op.pools for each in steps if isinstance(each, dg.AssetsDefinition))),
        "jobs": {each.name for each in jobs},
        "sensors": {each.name for each in repository.sensor_defs},
        "schedules": {each.name for each in repository.schedule_defs},
        "resources": set(defs.resources or {}),
    }


def test_all_objects_of_two_workspaces_have_different_names() -> None:
    sales, support = names(build(instance_of("sales"))), names(build(instance_of("support/emea")))

    assert all(sales.values())
    assert {kind: len(each) for kind, each in sales.items()} == {kind: len(each) for kind, each in support.items()}
    assert {kind: each & support[kind] for kind, each in sales.items() if each & support[kind]} == {}


def test_two_workspaces_and_a_foreign_asset_form_one_valid_code_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_MEDIA", ALL_MEDIA)
    foreign = dg.Definitions(assets=[report], executor=dg.multiprocess_executor)

    merged = dg.Definitions.merge(build(instance_of("sales")), build(instance_of("support")), foreign)

    dg.Definitions.validate_loadable(merged)
    graph = merged.resolve_asset_graph()
    assert dg.AssetKey(["sales", "meeting_metrics"]) in graph.get(report.key).parent_keys
    jobs = [*instance_of("sales").workspace().jobs, *instance_of("support").workspace().jobs]
    executors = {merged.resolve_job_def(name).executor_def.name for name in jobs}
    assert executors == {dg.in_process_executor.name}


def test_the_dependencies_of_a_workspace_stay_within_it() -> None:
    specs = [*build(instance_of("sales")).resolve_all_asset_specs()]

    above = {dep.asset_key for spec in specs for dep in spec.deps}

    assert above <= {spec.key for spec in specs}
    assert {key.path[0] for key in above} == {"sales"}


def test_keys_of_a_workspace_are_those_of_its_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "on")
    monkeypatch.setenv("MEETING_ASSETS_EXPORTS", "vtt")
    monkeypatch.setenv("MEETING_ASSETS_MEDIA", ALL_MEDIA)
    monkeypatch.setenv("MEETING_ASSETS_AUDIO_ACTIVITY", "on")
    component = instance_of("sales")

    assert component.workspace().keys == {spec.key for spec in build(component).resolve_all_asset_specs()}


def test_jobs_of_a_workspace_are_those_of_its_definitions() -> None:
    component = instance_of("sales", media=["audio_mixed"])

    assert {*component.workspace().jobs} == names(build(component))["jobs"]


def test_a_component_includes_all_sensors_and_schedules_by_default() -> None:
    found = names(build(instance_of("", media=["audio_mixed"])))

    assert found["sensors"] == {*get_args(component_module.Sensor)}
    assert found["schedules"] == {*get_args(component_module.Schedule)}


def test_a_component_includes_the_sensors_and_schedules_that_it_names() -> None:
    found = names(build(instance_of("sales", sensors=["finished_recordings"], schedules=[])))

    assert found["sensors"] == {"sales_finished_recordings"}
    assert found["schedules"] == set()


def test_page_of_the_component_describes_every_field() -> None:
    fields = MeetingAssetsComponent.model().model_json_schema()["properties"]

    assert fields.keys() == MeetingAssetsComponent.model_fields.keys()
    assert [name for name, field in fields.items() if len(field.get("description", "")) < 20] == []
    settings = {name: match[0] for name, field in fields.items() if (match := SETTING.findall(field["description"]))}
    assert settings.keys() >= {"api_key", "database_url", "first_day", "home", "owners", "raw_url", "region"}
    assert {*settings.values()} <= {field.alias for field in Settings.model_fields.values()}


def test_page_of_the_component_names_all_sensors_and_schedules_and_cuts_nothing_off() -> None:
    fields = MeetingAssetsComponent.model().model_json_schema()["properties"]

    named = re.findall(r"\w+", fields["sensors"]["description"] + fields["schedules"]["description"])
    assert {*component_module.SENSORS, *component_module.SCHEDULES} <= {*named}
    assert [name for name, field in fields.items() if "`" in field["description"]] == []
    assert [name for name, field in fields.items() if len(json.dumps(field["examples"][0])) > 60] == []


def test_example_on_the_page_of_the_component_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_API_KEY", KEY)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", "sqlite:///meetings.db")
    fields = MeetingAssetsComponent.model().model_json_schema()["properties"]
    example = {name: field["examples"][0] for name, field in fields.items()}

    model = MeetingAssetsComponent.model().model_validate(example)
    component = MeetingAssetsComponent.resolve_from_model(dg.ResolutionContext.default(), model)

    assert component.workspace().settings().api_key == SecretStr(KEY)
    assert names(build(component))["schedules"] == {"sales_meetings_nightly_checks"}
    assert [name for name, value in example.items() if value in (None, "", "...")] == []


def test_owners_and_groups_of_a_component() -> None:
    specs = build(instance_of("sales", owners=["team:revenue"], group_prefix="crm_")).resolve_all_asset_specs()

    assert {owner for spec in specs for owner in spec.owners} == {"team:revenue"}
    groups = "raw", "parsed", "metrics", "rollups", "context", "publications"
    assert {spec.group_name for spec in specs} == {f"crm_{each}" for each in groups}


def process_state() -> dict[str, Any]:
    mask = os.umask(0o022)
    os.umask(mask)
    return {
        "umask": mask,
        "garbage collector": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        "root logger": [logging.root.level, [*logging.root.handlers], [*logging.root.filters]],
        "environment": dict(os.environ),
    }


def test_loading_a_component_changes_nothing_in_the_process_and_writes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_LOG_FORMAT", "json")
    before = process_state()

    build(instance_of("sales", home=str(home / "sales"))).get_repository_def()

    assert process_state() == before
    assert [*home.rglob("*")] == []


def test_secrets_of_a_component_stay_out_of_definitions_and_texts() -> None:
    url = f"postgresql://user:{PASSWORD}@localhost/meetings"
    component = instance_of(
        "sales",
        api_key=SecretStr(KEY),
        database_url=SecretStr(url),
        settings={"MEETING_ASSETS_ALERT_URL": f"https://hooks.example.com/{SIGNATURE}"},
    )
    defs = build(component)

    workspace, job = component.workspace(), defs.resolve_job_def(f"sales_{SYNC}")
    assert workspace.settings().database_url == f"postgresql+psycopg://user:{PASSWORD}@localhost/meetings"
    texts = [
        repr(component),
        str(component),
        repr(workspace),
        repr(defs),
        repr([*(defs.resources or {}).values()]),
        repr([*defs.resolve_all_asset_specs()]),
        repr([each.metadata for each in (*(defs.sensors or ()), *(defs.schedules or ()))]),
        repr(job.run_config_schema.config_type),
        json.dumps({name: repr(each.config_schema) for name, each in job.resource_defs.items()}),
    ]
    assert [text for text in texts for secret in (KEY, PASSWORD, SIGNATURE) if secret in text] == []


def test_a_wrong_field_is_reported_without_its_value() -> None:
    with pytest.raises(SettingsError, match="MEETING_ASSETS_DATABASE_URL is wrong") as wrong:
        instance_of("sales", database_url=SecretStr(f"mysql://user:{PASSWORD}@localhost/x")).workspace()

    assert PASSWORD not in str(wrong.value)


@pytest.mark.parametrize("key_prefix", ["Sales", "sales-emea", "/sales", "sales/", "1st", "sales//emea"])
def test_a_key_prefix_that_is_no_name_is_refused(key_prefix: str) -> None:
    with pytest.raises(ValidationError, match="key_prefix"):
        instance_of(key_prefix)


def locations(settings: Settings) -> list[Any]:
    database = settings.database_file or settings.database_schema
    return [settings.home, database, settings.raw_url, settings.publications_url]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"MEETING_ASSETS_DATABASE_URL": "sqlite:////srv/meetings.db", "MEETING_ASSETS_RAW_URL": "/srv/raw"},
        {"MEETING_ASSETS_DATABASE_URL": "postgresql://localhost/x", "MEETING_ASSETS_RAW_URL": "s3://bucket/raw"},
        {"MEETING_ASSETS_PUBLICATIONS_URL": "s3://bucket/pages"},
        {"MEETING_ASSETS_DATABASE_URL": "postgresql://localhost/x", "MEETING_ASSETS_DATABASE_SCHEMA": "calls"},
    ],
)
def test_workspaces_share_no_location_by_default(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    found = [locations(each.settings()) for each in (Workspace(), *map(prefixed, ("sales", "support")))]

    assert all(len(set(each)) == 3 for each in zip(*found, strict=True))


def test_overrides_precede_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_REGION", "us-west-2")

    assert instance_of("sales", region="eu-central-1").workspace().settings().region == "eu-central-1"
    assert instance_of("sales").workspace().settings().region == "us-west-2"
    assert read_settings().region == "us-west-2"


def test_the_deployed_definitions_are_those_of_a_component_without_fields() -> None:
    component, deployed = build(instance_of("")), deployed_definitions()

    assert names(component) == names(deployed)
    specs, deployed_specs = (
        {spec.key: spec for spec in each.resolve_all_asset_specs()} for each in (component, deployed)
    )
    assert specs == deployed_specs
    assert instance_of("").workspace().settings() == read_settings()
