"""Fixtures shared by all tests: the real hands, a dozen phantom ones, and small models that have learnt them."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from boneage.cli.app import main
from boneage.imaging import write_landmarks
from boneage.imaging.phantoms import draw_phantom_volume, write_phantom_set
from boneage.imaging.volumes.writing import write_volume
from boneage.landmarks import PRESETS, ForestLocaliser, fast
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import BoneAgePipeline, save_localiser
from boneage.pipeline.training.age_model import fit_age_model, prepare_crops
from boneage.pipeline.training.age_settings import make_settings
from boneage.pipeline.training.localiser import train_localiser
from boneage.regression import BoNetSettings, Calibration, CropSpec, Recipe, RegressorSettings, for_volumes
from boneage.regression.calibration import CalibrationCell
from tests.volume_hands import quick_settings, write_hands

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real hands: `BONEAGE_DATA`, else `../shared/data` beside the project; skips where absent."""
    folder = Path(os.environ.get("BONEAGE_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "dha" / "landmarks37.csv").is_file():
        pytest.skip(f"no real hands at {folder}: set BONEAGE_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def known(tmp_path_factory):
    """Twelve phantom hands to train on: images/, landmarks.csv, ages.csv."""
    folder = tmp_path_factory.mktemp("known")
    write_phantom_set(folder, 12, seed=0)
    return folder


@pytest.fixture(scope="session")
def new(tmp_path_factory):
    """Three other phantom hands."""
    folder = tmp_path_factory.mktemp("new")
    write_phantom_set(folder, 3, seed=1)
    return folder


@pytest.fixture(scope="session")
def phantom_volumes(tmp_path_factory):
    """Six coarse phantom volumes, voxels far from cubes: images/, landmarks.csv, ages.csv."""
    folder = tmp_path_factory.mktemp("volumes")
    (folder / "images").mkdir()
    points, rows = {}, ["id,boneage_months,sex"]
    for number in range(1, 7):
        id_, rng = f"phantom{number:04d}", np.random.default_rng(number)
        sex, age = "FM"[number % 2], 90.0 + 20 * number
        hand = draw_phantom_volume(rng, sex=sex, age_months=age, spacing_mm=(3.0, 2.0, 2.4))
        write_volume(folder / "images" / f"{id_}.nii", hand.scan)
        points[id_] = hand.points
        rows.append(f"{id_},{age},{sex}")
    write_landmarks(folder / "landmarks.csv", points)
    (folder / "ages.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def no_pose_search():
    """Let the preset ``fast`` take hands as they lie: phantoms are upright, and nothing is searched for long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "fast", lambda ndim: dataclasses.replace(fast(), pose=None))
        yield


@pytest.fixture(scope="session")
def localiser_file(known, tmp_path_factory):
    """A localiser trained on the known hands: off by about two pixels on others."""
    path = tmp_path_factory.mktemp("models") / "localiser.boneage"
    collection = load_collection([known / "images"], landmarks=known / "landmarks.csv")
    localiser, summary, _ = train_localiser(collection, fast(), seed=0, jobs=2)
    save_localiser(path, localiser, summary)
    return path


@pytest.fixture(scope="session")
def prepared(known, localiser_file):
    """The known hands, cropped at what the localiser finds."""
    collection = load_collection([known / "images"], ages=[known / "ages.csv"])
    return prepare_crops(collection, localiser_file, at_annotations=False, seed=0, jobs=1)


@pytest.fixture(scope="session")
def model_file(prepared, tmp_path_factory):
    """A whole pipeline whose age model has seen the known hands four times: quick, and no good."""
    path = tmp_path_factory.mktemp("models") / "model.boneage"
    fit_age_model(prepared, make_settings(use_sex=True, epochs=4), seed=0).save(path)
    return path


@pytest.fixture(scope="session")
def pipeline(model_file):
    """The pipeline of ``model_file``."""
    return BoneAgePipeline.load(model_file)


@pytest.fixture(scope="session")
def calibrated(pipeline):
    """That pipeline with intervals that reach 19 months (90 %) to both sides, of girls and boys, and no correction."""
    scores = tuple(k / 10 for k in range(1, 210))
    return dataclasses.replace(pipeline, calibration=Calibration(tuple(CalibrationCell(s, 0.0, scores) for s in "FM")))


@pytest.fixture(scope="session")
def calibrated_file(calibrated, tmp_path_factory):
    """The file of that pipeline."""
    path = tmp_path_factory.mktemp("models") / "calibrated.boneage"
    calibrated.save(path)
    return path


@pytest.fixture(scope="session")
def hand_model_file(known, localiser_file, tmp_path_factory):
    """A pipeline whose age model, a BoNet, reads the hand as one picture in windows of 32 of its 48 pixels: no good."""
    path = tmp_path_factory.mktemp("models") / "hand.boneage"
    collection = load_collection([known / "images"], ages=[known / "ages.csv"])
    hand = CropSpec("hand", 48)
    prepared = prepare_crops(collection, localiser_file, hand, at_annotations=False, seed=0, jobs=1)
    network = BoNetSettings(32, (4, 8), aggregate="attention", hidden=8)
    fit_age_model(prepared, RegressorSettings(network=network, recipe=Recipe(epochs=2)), seed=0).save(path)
    return path


@pytest.fixture(scope="session")
def joined(pipeline, hand_model_file):
    """One pipeline of two age models: that of the hand in one picture, and that of its regions."""
    hand = BoneAgePipeline.load(hand_model_file)
    return dataclasses.replace(pipeline, age_models=(*hand.age_models, *pipeline.age_models), name="joined")


@pytest.fixture(scope="session")
def joined_file(joined, tmp_path_factory):
    """The file of that pipeline."""
    path = tmp_path_factory.mktemp("models") / "joined.boneage"
    joined.save(path)
    return path


@pytest.fixture(scope="session")
def whole_model_file(known, tmp_path_factory):
    """A pipeline that looks at the whole image and has no localiser."""
    path = tmp_path_factory.mktemp("models") / "whole.boneage"
    collection = load_collection([known / "images"], ages=[known / "ages.csv"])
    prepared = prepare_crops(collection, None, CropSpec("whole", 48), at_annotations=False, seed=0, jobs=1)
    fit_age_model(prepared, make_settings(epochs=2), seed=0).save(path)
    return path


@pytest.fixture(scope="session")
def volumes(tmp_path_factory):
    """Eight hands in space: images/, landmarks.csv."""
    folder = tmp_path_factory.mktemp("volumes") / "set"
    write_hands(folder, 8, seed=0)
    return folder


@pytest.fixture(scope="session")
def volume_localiser(volumes):
    """A localiser that has learnt six of them."""
    collection = load_collection([volumes / "images"], landmarks=volumes / "landmarks.csv")
    some = collection.subset(collection.ids[:6])
    return train_localiser(some, quick_settings(), seed=0, jobs=2)[0]


@pytest.fixture(scope="session")
def volume_model_file(volume_localiser, phantom_volumes, tmp_path_factory):
    """A model of volumes that doubts every landmark it finds, and so refuses every hand."""
    path = tmp_path_factory.mktemp("models") / "volume.boneage"
    settings, arrays = volume_localiser.to_state()
    settings["settings"]["min_score"] = 1.0
    doubting = ForestLocaliser.from_state(settings, arrays)
    collection = load_collection([phantom_volumes / "images"], ages=[phantom_volumes / "ages.csv"])
    crop_spec = CropSpec("whole", 16, ndim=3)
    prepared = prepare_crops(collection, None, crop_spec, at_annotations=False, seed=0, jobs=1)
    pipeline = fit_age_model(prepared, for_volumes(make_settings(epochs=1)), seed=0)
    dataclasses.replace(pipeline, localiser=doubting).save(path)
    return path


@pytest.fixture
def boneage(monkeypatch, capsys):
    """Run the command line in this process; return the exit code, what it printed, and its remarks and errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["boneage", *(str(a) for a in arguments)])
        monkeypatch.setenv("COLUMNS", "300")
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as left:
            code = left.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
