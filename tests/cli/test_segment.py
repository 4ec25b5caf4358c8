import csv
import json

import numpy as np
import pytest
from PIL import Image

from boneage.imaging.phantoms import write_phantom_set


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    """The twelve known hands again, with masks."""
    folder = tmp_path_factory.mktemp("masked")
    write_phantom_set(folder, 12, seed=0, masks=True)
    return folder


@pytest.fixture(scope="module")
def segmenter_file(masked, localiser_file, tmp_path_factory):
    """A small segmenter that has seen the known hands often enough to outline most of the others' centres."""
    from boneage.pipeline.centres import centre_crop_spec
    from boneage.pipeline.data import load_collection
    from boneage.pipeline.training.masks import MaskFolder
    from boneage.pipeline.training.segmenter import SegmenterTrainingOptions, train_segmenter
    from boneage.regression import Recipe
    from boneage.regression.segmentation.segmenter import SegmenterSettings
    from boneage.regression.segmentation.unet import UNetSettings

    collection = load_collection([masked / "images"], landmarks=masked / "landmarks.csv")
    recipe = Recipe(epochs=30, batch_size=4, learning_rate=0.01, augmentation=None)
    options = SegmenterTrainingOptions(
        SegmenterSettings(UNetSettings((8, 16, 24)), recipe), centre_crop_spec(side=160), localiser_file, True
    )
    model, excluded = train_segmenter(collection, MaskFolder.open(masked / "masks"), options)
    assert not excluded
    path = tmp_path_factory.mktemp("segmenter") / "s.boneage"
    model.save(path)
    return path


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_hands_are_outlined_named_and_measured(boneage, new, segmenter_file, localiser_file, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for path in (new / "images").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    Image.fromarray(np.zeros((300, 200), np.uint8) + np.arange(200, dtype=np.uint8)).save(folder / "wedge.png")
    out = tmp_path / "out"
    models = ("--model", segmenter_file, "--localiser", localiser_file)
    code, text, err = boneage("segment", folder, *models, "--out", out, "--nifti")
    assert code == 3
    assert "1 refused" in text
    assert "wedge.png" in err
    rows = read(out / "centres.csv")
    assert len(rows) == 3 * (28 + 18)
    there = [row for row in rows if row["present"] == "1"]
    assert len(there) > 0.5 * len(rows)
    assert all(float(row["area_percent"]) > 0 and row["width_mm"] == "" for row in there)
    names = json.loads((out / "labels.json").read_text())
    assert names["bones"]["1"] == "radius"
    assert names["joints"]["255"] == "unnamed"
    for row in read(out / "files.csv"):
        if row["status"] == "refused":
            continue
        with Image.open(out / "bones" / f"{row['id']}.png") as labels, Image.open(folder / f"{row['id']}.png") as hand:
            assert labels.mode == "P"
            assert labels.size == hand.size
            assert len(set(np.unique(labels)) - {0, 255}) <= int(row["n_centres"])
        assert (out / "overlays" / f"{row['id']}.png").is_file()
        assert (out / "joints" / f"{row['id']}.nii.gz").is_file()
    assert "1 radius " in (out / "bones.ctbl").read_text()


@pytest.mark.slow
def test_predict_counts_centres_where_it_is_asked_to(boneage, new, segmenter_file, model_file, tmp_path):
    arguments = ("predict", new / "images", "--sex", "F", "--model", model_file)
    boneage(*arguments, "--out", tmp_path / "a", "--centres", "--centre-model", segmenter_file)
    boneage(*arguments, "--out", tmp_path / "b")
    boneage(*arguments, "--out", tmp_path / "pages", "--pages", "--centre-model", segmenter_file)
    with_centres, without = read(tmp_path / "a" / "ages.csv"), read(tmp_path / "b" / "ages.csv")
    assert all(int(row["n_centres"]) > 5 for row in with_centres if row["status"] != "refused")
    assert {row["n_centres"] for row in without} == {""}
    assert [row["bone_age_months"] for row in with_centres] == [row["bone_age_months"] for row in without]
    assert [row["n_centres"] for row in read(tmp_path / "pages" / "ages.csv")] == [
        row["n_centres"] for row in with_centres
    ]
    assert all('id="centres"' in page.read_text() for page in (tmp_path / "pages" / "cases").iterdir())
    code, _, err = boneage(*arguments, "--out", tmp_path / "c", "--centre-model", segmenter_file)
    assert code == 2
    assert "goes with --centres" in err
