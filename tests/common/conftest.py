"""What tests of the shared parts need."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    ) if sys.platform == "linux" else None  # fmt: skip
    if mounted is None or mounted.returncode:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.strip() if mounted else sys.platform}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
