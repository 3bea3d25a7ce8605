"""Builds components, their definitions, and an asset of another project beside them."""

from __future__ import annotations

from typing import Any

import dagster as dg

from meeting_assets import MeetingAssetsComponent
from meeting_assets.orchestration.workspace import Workspace


@dg.asset(deps=[dg.AssetKey(["sales", "meeting_metrics"])])
def report() -> None:
    """An asset of another project, downstream of a workspace."""


def instance_of(key_prefix: str, **fields: Any) -> MeetingAssetsComponent:
    return MeetingAssetsComponent(key_prefix=key_prefix, **fields)


def build(component: MeetingAssetsComponent) -> dg.Definitions:
    return component.build_defs(dg.ComponentTree.for_test().load_context)


def prefixed(key_prefix: str) -> Workspace:
    return instance_of(key_prefix).workspace()
