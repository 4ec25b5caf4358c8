"""Hands to make pages of."""

import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging import read_scan
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.hand_centres import HandCentres
from boneage.regression import AgeEstimate
from boneage.regression.segmentation.anatomy import UNNAMED, list_centres
from boneage.regression.segmentation.measures import CentreMeasure


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


@pytest.fixture
def centres():
    """Of a hand in 300 rows and 200 columns: a radius a tenth as wide as the hand is long, a nameless part, a joint;
    landmarks of the last centre are missing.
    """
    labels = {kind: np.zeros((300, 200), np.uint8) for kind in ("bones", "joints")}
    labels["bones"][260:270, 80:110] = 1
    labels["bones"][20:30, 20:30] = UNNAMED
    labels["joints"][100:120, 80:100] = list(list_centres("joints")).index("mcp_3") + 1
    bones = [CentreMeasure(name, one.group, False, 0.1) for name, one in list_centres("bones").items()]
    bones[0] = CentreMeasure("radius", "forearm", True, 0.98, 0.9, 265, 95, 0.002, 0.1, 0.03, 0.125, 0.012)
    bones[-1] = dataclasses.replace(bones[-1], probability=math.nan)
    joints = tuple(CentreMeasure(name, one.group, False, 0.1) for name, one in list_centres("joints").items())
    return HandCentres(labels, {"bones": tuple(bones), "joints": joints}, {"bones": 1, "joints": 0})


@pytest.fixture
def outlined(centres):
    """An assessment with these centres, and no landmarks."""
    estimate = AgeEstimate(120.0, ("radius",), (120.0,), (1.0,))
    return Assessment("a", "a.png", "ok", estimate=estimate, modality="xray", n_centres=1, centres=centres)
