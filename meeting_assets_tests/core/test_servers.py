"""A server's port and its end: unusable addresses are named with a remedy, and no signal is lost."""

from __future__ import annotations

import signal
import socket
from threading import Event

import pytest

from meeting_assets.core.errors import UsageError
from meeting_assets.core.servers import listen, stopped_by_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_before_the_server_handles_signals_stops_it(number: signal.Signals) -> None:
    before, stop = signal.getsignal(number), Event()

    with stopped_by_signals(stop.set):
        signal.raise_signal(number)

    assert stop.is_set()
    assert signal.getsignal(number) == before


def test_used_port_is_reported_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError) as error:
        listen("127.0.0.1", taken.getsockname()[1])

    assert "Address already in use. Choose another port with --port." in str(error.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "no host"])
def test_address_of_another_machine_is_reported_with_a_remedy(host: str) -> None:
    with pytest.raises(UsageError, match="Give an address of this machine with --host"):
        listen(host, 0)
