"""Fixtures shared by every package's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real hands: `BONEAGE_DATA`, else `../shared/data` beside the project; skips where absent."""
    folder = Path(os.environ.get("BONEAGE_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "dha" / "landmarks37.csv").is_file():
        pytest.skip(f"no real hands at {folder}: set BONEAGE_DATA to run this test")
    return folder
