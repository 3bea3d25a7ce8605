"""PyAV, imported on first use: a sandbox that encodes no media starts without it."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

HINT = "The sandbox needs the package av for media files. Run: pip install 'meeting_assets[media]'"


def pyav() -> Any:
    """The module `av`."""
    check_encoder()
    return import_module("av")


def check_encoder() -> None:
    """Raises `ModuleNotFoundError` if PyAV is not installed; does not import it."""
    if find_spec("av") is None:
        raise ModuleNotFoundError(HINT, name="av")
