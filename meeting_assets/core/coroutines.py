"""Coroutines that Ctrl-C and SIGTERM cancel, also below a library that handles signals in its own way."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

from meeting_assets.core.interrupts import INTERRUPTS

Result = TypeVar("Result")


def run_coroutine(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine to its end in an event loop of its own.

    `asyncio.run` does the same, but its event loop logs and ignores the exception that Dagster's signal handlers raise.

    Raises:
        KeyboardInterrupt: SIGINT or SIGTERM canceled the coroutine.
    """
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(coroutine)
    is_interrupted = False

    async def cancelable() -> Result:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()

        def cancel(_number: int, _frame: FrameType | None) -> None:
            nonlocal is_interrupted
            is_interrupted = True
            if task is not None:
                loop.call_soon_threadsafe(task.cancel)  # also wakes the loop

        former = {number: signal.signal(number, cancel) for number in INTERRUPTS}
        try:
            return await coroutine
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    try:
        result = asyncio.run(cancelable())
    except asyncio.CancelledError:
        if is_interrupted:
            raise KeyboardInterrupt from None
        raise
    if is_interrupted:
        raise KeyboardInterrupt
    return result
