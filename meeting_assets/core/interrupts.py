"""Ctrl-C and SIGTERM: the first raises KeyboardInterrupt in the main thread, the second ends the process at once.

Python executes signal handlers in the main thread only, between two bytecodes, and libraries such as Dagster replace
them. So a thread watches Python's wakeup file, to which the interpreter writes each signal when it arrives. A signal
that the parent process ignores, such as SIGINT of a background job, stays ignored.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
WAKE_MAIN = signal.SIGUSR1
"""Ends a system call of the main thread, so that it executes the handlers of other signals."""
INTERRUPTED_STATUS = 130
SENTENCE = "Interrupted. Everything that was stored is kept; run the same command again to continue."
CALLBACK_S = 5.0
SHOW_CURSOR = b"\x1b[?25h"

Callback = Callable[[], None]


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Raises KeyboardInterrupt for the first signal while the block runs. A second signal ends the process."""
    if not (numbers := _heeded_signals()):
        yield
        return
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    threading.Thread(
        target=_watch, args=(readable, numbers, threading.get_ident()), name="interrupts", daemon=True
    ).start()
    former_file = signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    former = {number: signal.signal(number, _interrupt) for number in numbers}
    signal.signal(WAKE_MAIN, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.signal(WAKE_MAIN, signal.SIG_IGN)  # the thread may still send it
        signal.set_wakeup_fd(former_file)
        os.close(writable)  # ends the thread


@contextmanager
def before_interrupt(callback: Callback) -> Iterator[None]:
    """Calls a function in another thread when the first signal arrives in the block."""
    with _registered(_at_first, callback):
        yield


@contextmanager
def before_end(callback: Callback) -> Iterator[None]:
    """Calls a function in another thread when a second signal arrives in the block, before the process ends."""
    with _registered(_at_second, callback):
        yield


@contextmanager
def left_to_server() -> Iterator[None]:
    """Leaves all signals in the block to a server, which stops at the first one and ends at once at the second one."""
    _is_left_to_server.set()
    try:
        yield
    finally:
        _is_left_to_server.clear()


@contextmanager
def hidden_from_children() -> Iterator[None]:
    """Keeps Ctrl-C from processes that the block starts: a terminal sends it to all of them.

    This thread blocks SIGINT, which they inherit. Another thread still receives it, and wakes this one.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def wait_for_callbacks() -> None:
    """Waits until the callbacks of the first signal have ended, if there was one, but at most `CALLBACK_S`."""
    for thread in _calling:
        thread.join(CALLBACK_S)


_at_first: list[Callback] = []
_at_second: list[Callback] = []
_calling: list[threading.Thread] = []
_is_left_to_server = threading.Event()


@contextmanager
def _registered(callbacks: list[Callback], callback: Callback) -> Iterator[None]:
    callbacks.append(callback)
    try:
        yield
    finally:
        callbacks.remove(callback)


def _heeded_signals() -> list[signal.Signals]:
    """The signals that interrupt a command: none in a thread, and no signal that the parent process ignores."""
    if threading.current_thread() is not threading.main_thread():
        return []
    return [number for number in INTERRUPTS if signal.getsignal(number) is not signal.SIG_IGN]


def _watch(readable: int, numbers: Collection[int], main: int) -> None:
    """Counts the signals until the file is closed."""
    count = 0
    while arrived := os.read(readable, 1):
        if arrived[0] not in numbers or _is_left_to_server.is_set():
            continue
        count += 1
        if count > 1:
            _end_now()
        for callback in _at_first:
            # In a thread of its own, so that a slow callback does not delay the second signal.
            _calling.append(threading.Thread(target=callback, name="first interrupt", daemon=True))
            _calling[-1].start()
        # A system call of the main thread goes on while that thread blocks the signal.
        signal.pthread_kill(main, WAKE_MAIN)
    os.close(readable)


def _end_now() -> None:
    """Ends the process without any cleanup but that of the terminal."""
    for callback in _at_second:
        with suppress(Exception):
            callback()
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
    os._exit(INTERRUPTED_STATUS)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
