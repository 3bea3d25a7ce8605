"""A real S3-compatible server on the loopback interface, with a folder as its storage."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meeting_assets_tests.support.ui import until

RCLONE = Path(sys.executable).with_name("rclone")
BUCKET = "meetings"
START_S = 60


@contextmanager
def s3_server(folder: Path) -> Iterator[dict[str, str]]:
    """Serves buckets below a folder; yields the environment variables of its address and credentials."""
    (folder / BUCKET).mkdir(parents=True)
    log = folder.parent / f"{folder.name}.log"
    arguments = ["serve", "s3", "--addr", "127.0.0.1:0", "--auth-key", "key,secret", "--config", os.devnull]
    with log.open("wb") as output:
        process = subprocess.Popen([RCLONE, *arguments, f":local:{folder}"], stdout=output, stderr=output)
    try:
        address = until(lambda: _address(process, log), "the S3 server's address", within_s=START_S)
        yield {
            "AWS_ENDPOINT": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
    finally:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    said = log.read_text()
    assert process.poll() is None, said
    return said.partition("server on [")[2].partition("/]")[0]
