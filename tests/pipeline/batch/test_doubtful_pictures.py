"""Pictures of hands that a reader must be told of: the row of each says why, in words, and is flagged or refused."""

import csv
import re

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import Scan, find_scans, read_scan
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.imaging.standardise import standardise
from boneage.pipeline.batch.prediction_run import predict_to_folder
from boneage.pipeline.batch.standardisation import standardise_files
from tests.imaging.files.doubtful_pictures import KINDS, lay_in_field, put_beside

TOLD = {"small": 1.0, "noisy": 1.0, "dark": 1.0, "two": 0.95, "photographed": 0.95}  # of pictures of real hands


@pytest.fixture(scope="module")
def picture():
    """A synthetic hand of 900 x 700 pixels whose fingers are apart."""
    return draw_phantom_hand(np.random.default_rng(13), sex="F", age_months=120.0).scan.pixels.astype(np.uint8)


def read_rows(path):
    with path.open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def write(folder, kinds, picture):
    """Write a picture of each kind, and return the kinds by the files' ids."""
    folder.mkdir()
    for k, kind in enumerate(kinds):
        Image.fromarray(kind.make(picture)).save(folder / f"{k}.png")
    return {str(k): kind for k, kind in enumerate(kinds)}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_told_in_its_row(tmp_path, picture, name):
    kinds = write(tmp_path / "pictures", KINDS[name], picture)
    standardise_files(find_scans(tmp_path / "pictures"), tmp_path, sizes={})
    for id_, row in read_rows(tmp_path / "standardised.csv").items():
        assert row["status"] == "flagged", kinds[id_].name
        assert re.search(kinds[id_].says, row["reason"]), f"{kinds[id_].name}: {row['reason']}"


@pytest.mark.parametrize("rows", [24, 40, 52])
@pytest.mark.parametrize("wide", [1.5, 2, 3, 4])
def test_the_number_of_pixels_is_that_of_the_hand_not_of_its_picture(picture, rows, wide):
    """The hand, from its highest finger tip to the last row, is nine tenths as high as its picture."""
    (finding,) = standardise(Scan(lay_in_field(picture, wide, rows).astype(np.float32))).findings
    assert int(re.findall(r"\d+", finding.sentence)[0]) == pytest.approx(0.9 * rows, rel=0.2)
    assert not standardise(Scan(lay_in_field(picture, wide, 90).astype(np.float32))).findings


def test_an_age_of_such_a_picture_is_flagged_or_refused_with_the_reason(tmp_path, picture, model_file):
    kinds = write(tmp_path / "pictures", [kinds[-1] for kinds in KINDS.values()], picture)
    predict_to_folder(find_scans(tmp_path / "pictures"), [model_file], tmp_path, sexes="F", sizes={})
    for id_, row in read_rows(tmp_path / "ages.csv").items():
        assert row["status"] in ("flagged", "refused"), kinds[id_].name
        assert re.search(kinds[id_].says, row["reason"]), f"{kinds[id_].name}: {row['reason']}"


@pytest.mark.parametrize("mirrored", [False, True])
def test_each_of_two_hands_has_a_row_if_asked_for(tmp_path, picture, model_file, mirrored):
    Image.fromarray(put_beside(picture, mirrored=mirrored, gap=0.2)).save(tmp_path / "two.png")
    predict_to_folder([tmp_path / "two.png"], [model_file], tmp_path / "out", sexes="F", sizes={}, all_hands=True)
    rows = read_rows(tmp_path / "out" / "ages.csv")
    assert list(rows) == ["two", "two#2"]
    assert not any("hands in the picture" in row["reason"] for row in rows.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_of_real_data_most_pictures_of_each_kind_are_told(real_data, name):
    paths = sorted((real_data / "rsna_half").rglob("*.jpg"))[::30]
    told = []
    for path in paths:
        picture = np.array(Image.open(path).convert("L"))
        for kind in KINDS[name]:
            findings = standardise(Scan(kind.make(picture).astype(np.float32))).findings
            told.append(bool(re.search(f"{kind.says}|no outline of a hand", "; ".join(f.sentence for f in findings))))
    assert np.mean(told) >= TOLD[name]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rsna_half", "dha", "rsna299"])
def test_of_real_hands_alone_none_is_told_to_be_two_or_a_photograph(real_data, kind):
    paths = sorted((real_data / kind / "images").iterdir())
    told = []
    for path in paths[:: max(len(paths) // 100, 1)]:
        kinds = {finding.kind for finding in standardise(read_scan(path)).findings}
        told += [path.name] if kinds & {"two hands", "photograph of a film"} else []
    assert told == []
