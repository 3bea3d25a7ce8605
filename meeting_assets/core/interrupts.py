"""Ctrl-C and SIGTERM: the first raises KeyboardInterrupt in the main thread, the second ends the process at once.

A signal that the parent process ignores, such as SIGINT of a background job, stays ignored.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
RAISE_IN_MAIN = signal.SIGUSR1
"""Raises KeyboardInterrupt in the main thread. Libraries that handle SIGINT and SIGTERM leave this signal alone."""
CALLBACK_S = 5.0
INTERRUPTED_STATUS = 130
SHOW_CURSOR = b"\x1b[?25h"

_callbacks: list[Callable[[], None]] = []


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Raises KeyboardInterrupt for the first signal while the block runs. A second signal ends the process."""
    former = {number: signal.signal(number, _interrupt) for number in heeded_signals()}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def interrupts_awaited() -> Iterator[None]:
    """Like `interrupts_raised`, but calls the callbacks of `before_interrupt` before the interrupt.

    A thread waits for the signals, and all other threads block them, so no library can handle them. The block must
    start before other threads do, because a thread inherits the blocked signals.
    """
    if not (numbers := heeded_signals()):
        yield
        return
    former = signal.signal(RAISE_IN_MAIN, _raise)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    waiter = _Waiter(numbers)
    waiter.start()
    try:
        yield
    finally:
        try:
            waiter.stop()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            signal.signal(RAISE_IN_MAIN, former)


@contextmanager
def before_interrupt(callback: Callable[[], None]) -> Iterator[None]:
    """Calls a function in another thread before an interrupt is raised in the block.

    The interrupt follows after `CALLBACK_S` at the latest.
    """
    _callbacks.append(callback)
    try:
        yield
    finally:
        _callbacks.remove(callback)


def heeded_signals() -> list[signal.Signals]:
    """The signals that interrupt a command: none in a thread, and no signal that the parent process ignores."""
    if threading.current_thread() is not threading.main_thread():
        return []
    return [number for number in INTERRUPTS if signal.getsignal(number) is not signal.SIG_IGN]


def end_now() -> None:
    """Ends the process without any cleanup but that of the terminal."""
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
    os._exit(INTERRUPTED_STATUS)


class _Waiter:
    """A thread that waits for signals. The first one interrupts the main thread, the second one ends the process."""

    def __init__(self, numbers: Sequence[signal.Signals]) -> None:
        self._numbers = numbers
        self._main = threading.get_ident()
        self._is_closed = False
        self._thread = threading.Thread(target=self._wait, name="interrupts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_closed = True
        if self._thread.ident is not None and self._thread.is_alive():
            signal.pthread_kill(self._thread.ident, self._numbers[0])
        self._thread.join()

    def _wait(self) -> None:
        signal.sigwait(self._numbers)
        if self._is_closed:
            return
        for callback in _callbacks:
            # In a thread of its own, so that a slow callback delays the interrupt only for a while.
            calling = threading.Thread(target=callback, daemon=True)
            calling.start()
            calling.join(CALLBACK_S)
        signal.pthread_kill(self._main, RAISE_IN_MAIN)
        signal.sigwait(self._numbers)
        if not self._is_closed:
            end_now()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in heeded_signals():
        signal.signal(number, lambda *_: end_now())
    raise KeyboardInterrupt


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
