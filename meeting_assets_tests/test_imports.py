"""Importing the package leaves the process unchanged; entry points configure it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pkgutil import walk_packages
from typing import Any

import pytest

import meeting_assets

MODULES = [
    each.name for each in walk_packages(meeting_assets.__path__, "meeting_assets.") if ".revisions" not in each.name
]

LOADED = """
import importlib, json, sys
before = list(sys.modules)
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps([name for name in sys.modules if name not in before and not name.startswith("meeting_assets")]))
"""

# Libraries have side effects of their own, so they are imported before the first snapshot.
CHANGES = """
import contextlib, gc, importlib, json, logging, os, signal, sys, warnings

modules, libraries = json.loads(sys.argv[1]), json.loads(sys.argv[2])
for name in libraries:
    with contextlib.suppress(Exception):
        importlib.import_module(name)

import stamina
from stamina.instrumentation import get_on_retry_hooks

def logger_state(logger):
    return [logger.level, logger.propagate, logger.disabled, list(map(repr, logger.filters + logger.handlers))]

def state():
    mask = os.umask(0o022)
    os.umask(mask)
    loggers = {name: each for name, each in logging.root.manager.loggerDict.items() if isinstance(each, logging.Logger)}
    return {
        "garbage collector": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count(), list(map(repr, gc.callbacks))],
        "umask": mask,
        "root logger": logger_state(logging.root),
        "loggers": {name: logger_state(each) for name, each in loggers.items() if logger_state(each) != UNCHANGED},
        "logging": [logging.root.manager.disable, repr(logging.getLoggerClass())],
        "warnings": list(map(repr, warnings.filters)),
        "stamina": [stamina.is_active(), stamina.is_testing(), list(map(repr, get_on_retry_hooks()))],
        "signals": {each: repr(signal.getsignal(each)) for each in signal.valid_signals()},
        "environment": dict(os.environ),
        "streams": [repr(each) for each in (sys.stdin, sys.stdout, sys.stderr)],
        "hooks": [repr(each) for each in (sys.excepthook, sys.unraisablehook, sys.meta_path, sys.path)],
    }

UNCHANGED = logger_state(logging.Logger("new"))
before = state()
for name in modules:
    importlib.import_module(name)
after = state()
print(json.dumps([name for name in before if before[name] != after[name]]))
"""


def printed_by(code: str, *arguments: Any, **environment: str) -> Any:
    command = [sys.executable, "-c", code, *map(json.dumps, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def libraries() -> Any:
    """Libraries that the package imports, in a process with settings that would be refused."""
    return printed_by(LOADED, MODULES, RECALL_REGION="nowhere", MEETING_ASSETS_FIRST_DAY="never")


def test_import_changes_nothing_in_the_process(libraries: list[str]) -> None:
    assert "dagster" in libraries
    assert printed_by(CHANGES, MODULES, libraries) == []


def test_import_reads_no_settings(libraries: list[str]) -> None:
    assert libraries


def test_probe_detects_a_side_effect() -> None:
    changed = f"import gc\n{CHANGES.replace('after =', 'gc.set_threshold(1); after =')}"

    assert printed_by(changed, ["meeting_assets.core.words"], []) == ["garbage collector"]
