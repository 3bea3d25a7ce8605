from __future__ import annotations

import subprocess
import sys


def test_definitions_do_not_wait_for_numpy() -> None:
    look = "import meeting_assets.definitions, sys; print('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "False\n"
