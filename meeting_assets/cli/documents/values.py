"""Types of values in JSON documents."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

Day: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date"})]
"""A UTC day: 2026-03-02."""
Instant: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""A UTC instant in ISO 8601 with microseconds and Z."""
Share: TypeAlias = float
"""A fraction from 0 to 1."""
