"""Ctrl-C and SIGTERM: the first raises KeyboardInterrupt in the main thread, the second ends the process at once.

Python executes signal handlers in the main thread only, between two bytecodes, and libraries such as Dagster replace
them. So a thread watches Python's wakeup file, to which the interpreter writes each signal when it arrives. A signal
that the parent process ignores, such as SIGINT of a background job, is blocked: Dagster would handle it.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
WAKE_MAIN = signal.SIGUSR1
"""Ends a system call of the main thread, so that it executes the handlers of other signals."""
WAKE_S = 0.1
"""Time between two wake-ups. One is lost if it arrives just before a system call."""
INTERRUPTED_STATUS = 130
SENTENCE = "Interrupted. Run the same command again to continue."
CALLBACK_S = 5.0
SHOW_CURSOR = b"\x1b[?25h"

Callback = Callable[[], None]


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Raises KeyboardInterrupt for the first signal while the block runs. A second signal ends the process."""
    global _watch
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ignored = [number for number in INTERRUPTS if signal.getsignal(number) is signal.SIG_IGN]
    # Threads inherit the mask, so this precedes the first of them.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ignored)
    _watch = _Watch()
    former_file = signal.set_wakeup_fd(_watch.writable, warn_on_full_buffer=False)
    # Dagster copies the handler of SIGINT to SIGTERM, so blocked signals get the handler, too.
    former = {number: signal.signal(number, _interrupt) for number in INTERRUPTS}
    signal.signal(WAKE_MAIN, _watch.acknowledge)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.signal(WAKE_MAIN, signal.SIG_IGN)  # the thread may still send it
        signal.set_wakeup_fd(former_file)
        os.close(_watch.writable)  # ends the thread
        _watch = None
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


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
    """Leaves all signals in the block to a server.

    uvicorn stops at the first signal. Of further ones, only SIGINT ends it without waiting for open requests.
    """
    _is_left_to_server.set()
    try:
        yield
    finally:
        is_interrupted()  # signals of the block that the thread has not read
        _is_left_to_server.clear()


@contextmanager
def hidden_from_children() -> Iterator[None]:
    """Keeps Ctrl-C from processes that the block starts: a terminal sends it to all of them.

    This thread blocks SIGINT, which they inherit. Another thread still receives it, and wakes this one. Without such a
    thread the block changes nothing.
    """
    if _watch is None:
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def is_interrupted() -> bool:
    """Whether a signal has arrived, also if its handler did nothing.

    Waits until the callbacks of the first signal have ended, but at most `CALLBACK_S`. False outside
    `interrupts_raised`.
    """
    return _watch is not None and _watch.has_arrived()


_at_first: list[Callback] = []
_at_second: list[Callback] = []
_is_left_to_server = threading.Event()


@contextmanager
def _registered(callbacks: list[Callback], callback: Callback) -> Iterator[None]:
    callbacks.append(callback)
    try:
        yield
    finally:
        callbacks.remove(callback)


class _Watch:
    """A thread that counts the signals until its file is closed."""

    def __init__(self) -> None:
        self._readable, self.writable = os.pipe()
        os.set_blocking(self.writable, False)
        self._main = threading.get_ident()
        self._count = 0
        self._is_main_awake = False
        self._calls: list[threading.Thread] = []
        self._marker_read = threading.Event()
        threading.Thread(target=self._run, name="interrupts", daemon=True).start()

    def acknowledge(self, _number: int, _frame: FrameType | None) -> None:
        """Handles `WAKE_MAIN`: the main thread executes handlers, so also those of the interrupt."""
        self._is_main_awake = True

    def has_arrived(self) -> bool:
        """Whether a signal has arrived. Its callbacks have ended, or have taken too long."""
        self._marker_read.clear()
        # The thread reads the marker after all signals that arrived earlier.
        os.write(self.writable, MARKER)
        self._marker_read.wait(CALLBACK_S)
        for call in self._calls:
            call.join(CALLBACK_S)
        return self._count > 0

    def _run(self) -> None:
        while arrived := self._next():
            if arrived == MARKER:
                self._marker_read.set()
            elif arrived[0] in INTERRUPTS and not _is_left_to_server.is_set():
                self._count += 1
                if self._count > 1:
                    _end_now()
                # In threads of their own, so that a slow callback does not delay the second signal.
                self._calls = [threading.Thread(target=each, daemon=True) for each in _at_first]
                for call in self._calls:
                    call.start()
        os.close(self._readable)

    def _next(self) -> bytes:
        """The next byte of the file. Until then it wakes the main thread, where a system call delays the handler."""
        while self._count and not self._is_main_awake:
            # Not at once: readline fails if a handler runs just after the one that raises KeyboardInterrupt.
            if select.select([self._readable], [], [], WAKE_S)[0]:
                break
            signal.pthread_kill(self._main, WAKE_MAIN)
        return os.read(self._readable, 1)


MARKER = b"\0"

_watch: _Watch | None = None


def _end_now() -> None:
    """Ends the process without any cleanup but that of the terminal."""
    for callback in _at_second:
        with suppress(Exception):
            callback()
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
    os._exit(INTERRUPTED_STATUS)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _watch is not None:
        _watch.acknowledge(number, frame)
    raise KeyboardInterrupt
