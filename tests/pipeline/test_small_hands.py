"""A hand that is small in its picture keeps its age, or it is told what is wrong with the picture."""

import csv
import re

import numpy as np
import pytest

from boneage.imaging import Scan, read_scan
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.pipeline import load_pipeline
from tests.imaging.files.doubtful_pictures import lay_in_field

WIDE = [2.5, 3.0, 3.5, 4.0]
MOST_MONTHS = 4.0
_TOLD = r"hand (measures only|is) \d+ pixels|no outline of a hand stands out"


@pytest.fixture(scope="module")
def pipeline():
    return load_pipeline()


def find_changed_ages(pipeline, picture, sex, shares):
    """Return the ages that are not within four months, nor refused, nor flagged as too coarse or without an outline.

    The hand is drawn into dark fields at these parts of its own height.
    """
    alone = pipeline.assess(Scan(picture.astype(np.float32)), sex=sex)
    changed = []
    for wide in WIDE:
        for share in shares:
            field = lay_in_field(picture, wide, round(share * len(picture)))
            small = pipeline.assess(Scan(field.astype(np.float32)), sex=sex)
            if small.estimate is None or re.search(_TOLD, small.reason):
                continue
            months = small.estimate.months - alone.estimate.months
            if not abs(months) <= MOST_MONTHS:
                changed.append((wide, share, round(months, 1), small.reason))
    return changed


def test_a_phantom_keeps_its_age(pipeline):
    picture = draw_phantom_hand(np.random.default_rng(13), sex="F", age_months=120.0).scan.pixels.astype(np.uint8)
    assert find_changed_ages(pipeline, picture, "F", [0.5]) == []


@pytest.mark.slow
def test_real_hands_keep_their_ages(pipeline, real_data):
    with (real_data / "dha" / "ages.csv").open(newline="") as file:
        sexes = {row["id"]: row["sex"] for row in csv.DictReader(file)}
    changed = {}
    for path in sorted((real_data / "dha" / "images").iterdir())[::25]:
        picture = read_scan(path).pixels.astype(np.uint8)
        changed[path.stem] = find_changed_ages(pipeline, picture, sexes[path.stem], [1.0, 0.4])
    assert {id_: found for id_, found in changed.items() if found} == {}
