"""A hand that is small in its picture keeps its age, or the age is flagged, or it is refused."""

import csv

import numpy as np
import pytest

from boneage.imaging import Scan, read_scan
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.pipeline import load_pipeline
from tests.imaging.files.doubtful_pictures import lay_in_field

WIDE = [2.5, 3.0, 3.5, 4.0]


@pytest.fixture(scope="module")
def pipeline():
    return load_pipeline()


def change_ages(pipeline, picture, sex, shares):
    """Return the months by which the ages that are not flagged change.

    The hand is drawn into dark fields at these parts of its own height.
    """
    alone = pipeline.assess(Scan(picture.astype(np.float32)), sex=sex)
    fields = [lay_in_field(picture, wide, round(share * len(picture))) for wide in WIDE for share in shares]
    small = [pipeline.assess(Scan(field.astype(np.float32)), sex=sex) for field in fields]
    return [one.estimate.months - alone.estimate.months for one in small if one.status == "ok"]


def test_a_phantom_keeps_its_age(pipeline):
    picture = draw_phantom_hand(np.random.default_rng(13), sex="F", age_months=120.0).scan.pixels.astype(np.uint8)
    changes = change_ages(pipeline, picture, "F", [0.5])
    assert len(changes) >= 2
    assert np.abs(changes).max() <= 4


@pytest.mark.slow
def test_real_hands_keep_their_ages(pipeline, real_data):
    with (real_data / "dha" / "ages.csv").open(newline="") as file:
        sexes = {row["id"]: row["sex"] for row in csv.DictReader(file)}
    changes = []
    for path in sorted((real_data / "dha" / "images").iterdir())[::25]:
        picture = read_scan(path).pixels.astype(np.uint8)
        changes += change_ages(pipeline, picture, sexes[path.stem], [1.0, 0.4])
    assert len(changes) >= 10
    assert np.abs(changes).mean() <= 2.5
    assert np.abs(changes).max() <= 8
