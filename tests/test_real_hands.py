"""Both stages on real radiographs, with the quick settings: do they still reach about what they should?

The figures themselves are in docs/benchmarks.md; these tests notice when something breaks.
"""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from boneage.evaluation.benchmarks.ages.benchmark import measure_variants
from boneage.evaluation.benchmarks.ages.rounds import join_age_rounds
from boneage.evaluation.benchmarks.ages.variants import create_crop_builder, name_variants
from boneage.evaluation.benchmarks.splits import CrossValidation
from boneage.evaluation.metrics import measure_landmarks, read_reference, summarise_landmarks
from boneage.imaging import find_scans, read_ages, read_landmarks, read_scan, split_ids
from boneage.landmarks import fast
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import BoneAgePipeline, save_localiser
from boneage.pipeline.storage.shipped_model import shipped_model
from boneage.pipeline.training.age_settings import make_settings
from boneage.pipeline.training.localiser import train_localiser
from boneage.regression.proportions import to_thumbnail

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


@pytest.fixture(scope="module")
def hands(real_data):
    """The annotated real hands, and their division into 43 and 17."""
    folder = real_data / "dha"
    table = folder / "landmarks37.csv"
    collection = load_collection([folder / "images"], landmarks=table, ages=[folder / "ages.csv"])
    return collection, split_ids(collection.annotated_ids, 43, 17, 1)


@pytest.fixture(scope="module")
def localiser(hands):
    collection, (train, _) = hands
    return train_localiser(collection.subset(train), fast(), seed=0, jobs=2)[0]


def test_landmarks_are_found_to_about_a_millimetre_and_a_half(hands, localiser, real_data):
    collection, (_, test) = hands
    found = {id_: localiser.locate(collection.scan(id_)) for id_ in test}
    truth = read_landmarks(real_data / "dha" / "landmarks37.csv").points
    reference = read_reference("ulna_styloid_tip:radius_styloid_tip=50mm")
    overall = summarise_landmarks(measure_landmarks(found, truth, reference))["overall"]
    assert overall["n"] == 17 * 37
    assert overall["mean"] < 2.0
    assert overall["beyond_10"] < 0.03


def test_ages_are_read_better_than_by_sex_alone(hands, localiser, tmp_path):
    save_localiser(tmp_path / "localiser.boneage", localiser, {})
    variants = name_variants(["constant", "geometry", "regions"], make_settings(epochs=20))
    preparation = create_crop_builder(
        hands[0], variants, tmp_path / "localiser.boneage", at_annotations=False, cache=tmp_path / "hands", jobs=1
    )
    splits = CrossValidation(2).split(preparation.load_labels().ids)
    rounds = measure_variants(variants, lambda variant: variant.build_inputs(preparation), splits, tmp_path / "rounds")
    mads = {}
    for variant in variants:
        ages, _ = join_age_rounds([r for r in rounds if r.variant == variant.name], hands[0].ages)
        assert len(ages.ids) > 95
        mads[variant.name] = np.abs(ages.errors).mean()
    assert mads["geometry"] < 0.95 * mads["constant"]
    assert mads["regions"] < 0.8 * mads["constant"]


def test_the_shipped_model_reads_the_same_age_at_any_size(real_data):
    pipeline = BoneAgePipeline.load(shipped_model())
    ages = read_ages(real_data / "rsna_native" / "ages.csv")
    paths = find_scans(real_data / "rsna_native" / "images")[-8:]
    read, unreserved = [], 0
    for path in paths:
        scan, small = read_scan(path), read_scan(real_data / "rsna299" / "images" / f"{path.stem}.jpg")
        results = [pipeline.assess(one, sex=ages[path.stem].sex) for one in (scan, to_thumbnail(scan, 800), small)]
        unreserved += results[0].status == "ok"
        read.append([math.nan if result.estimate is None else result.estimate.months for result in results])
    months, known = np.array(read), np.array([ages[path.stem].boneage_months for path in paths])
    assert np.isfinite(months).all()
    assert unreserved >= 6  # the others are flagged for a thumb or a finger that is laid beside itself
    assert np.abs(months - months[:, :1]).mean(axis=0).max() < 2.5
    assert np.abs(months - known[:, None]).mean() < 10


def test_the_shipped_model_flags_a_thumbnail_with_its_pixels(real_data):
    pipeline = BoneAgePipeline.load(shipped_model())
    result = pipeline.assess(read_scan(real_data / "rsna100" / "images" / "9011.png"), sex="M")
    assert result.status == "flagged"
    assert re.search(r"the hand measures only [5-9]\d pixels, the age models read 226", result.reason)


@pytest.mark.parametrize("id_", ["2597", "9011", "11114", "15260"])
def test_the_shipped_model_reads_an_inverted_thumbnail_in_its_negative_and_says_so(real_data, id_):
    pipeline = BoneAgePipeline.load(shipped_model())
    scan = read_scan(real_data / "rsna100" / "images" / f"{id_}.png")
    straight = pipeline.assess(scan, sex="M")
    inverted = pipeline.assess(replace(scan, pixels=scan.pixels.max() - scan.pixels), sex="M")
    assert inverted.status == "flagged"
    assert "black and white are swapped in the file" in inverted.reason
    assert inverted.estimate.months == pytest.approx(straight.estimate.months, abs=1)
