"""The effective settings of a process, without secret values."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from meeting_assets.core.urls import printable_url
from meeting_assets.settings import Settings
from meeting_assets.store.object_stores import cloud_of


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """A setting with its printable value and its source, `environment` or `default`."""

    name: str
    value: str
    source: str


def effective_settings(settings: Settings) -> list[EffectiveSetting]:
    """Every setting by the name of its environment variable."""
    return [
        EffectiveSetting(
            field.alias or name,
            _printable(settings, name, is_private=not field.repr),
            "environment" if name in settings.model_fields_set else "default",
        )
        for name, field in Settings.model_fields.items()
    ] + _object_store_variables(settings.raw_url, settings.publications_url)


def _object_store_variables(*urls: str) -> list[EffectiveSetting]:
    """The variables that the clients of object stores read, without their values, which may be secrets."""
    clouds = filter(None, map(cloud_of, urls))
    given = {name: bool(os.environ.get(name)) for cloud in clouds for name in cloud.variables}
    return [
        EffectiveSetting(name, "set" if is_set else "not set", "environment" if is_set else "default")
        for name, is_set in given.items()
    ]


def _printable(settings: Settings, name: str, *, is_private: bool) -> str:
    given = getattr(settings, name)
    # The fields `…_override` and `…_given` contain the given value; the property without that suffix is effective.
    effective = getattr(settings, name.removesuffix("_override").removesuffix("_given"))
    if isinstance(given, SecretStr):
        return f"{len(effective)} set" if isinstance(effective, tuple) else "set"
    if effective is None or effective in ("", ()):
        return "not set"
    if isinstance(effective, bool):
        return "on" if effective else "off"
    text = ", ".join(effective) if isinstance(effective, tuple) else str(effective)
    if "://" in text or isinstance(effective, Path):
        return printable_url(text)
    return "set" if is_private and given is not None else text
