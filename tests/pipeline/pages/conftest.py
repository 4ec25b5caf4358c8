"""Hands to make pages of."""

import pytest

from boneage.imaging import read_scan
from boneage.pipeline.assessment import Assessment


@pytest.fixture(scope="module")
def scan(new):
    """A phantom hand."""
    return read_scan(new / "images" / "phantom0002.png")


@pytest.fixture(scope="module")
def assessed(calibrated, scan):
    """That hand as a girl's of 10 years, under a name that is HTML."""
    name = '<script>a & "b"</script>'
    return calibrated.assess(scan, sex="F", id_=name, path=f"in/{name}.png", chronological_months=120.0)


@pytest.fixture
def refused():
    """A file that is no image."""
    return Assessment("x&y", "in/x&y.png", "refused", "is <not> an image")
