import csv

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import find_scans, read_landmarks
from boneage.imaging.errors import UnusableOutput
from boneage.imaging.standardise import StandardiseSettings
from boneage.pipeline.batch.standardisation import Standardisation, standardise_files


def read_rows(folder):
    with (folder / "standardised.csv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_pictures_a_table_and_a_sheet_are_written(new, tmp_path):
    results = standardise_files(find_scans(new / "images"), tmp_path, sizes={})
    assert [result.status for result in results] == ["ok"] * 3
    rows = read_rows(tmp_path)
    truth = read_landmarks(new / "landmarks.csv")
    for id_, row in rows.items():
        with Image.open(tmp_path / "pictures" / f"{id_}.png") as picture:
            assert picture.mode == "L"
            assert (picture.getextrema()) == (0, 255)
            width, height = picture.size
        to_original = np.array(
            [[float(row[f"original_{a}_{b}"]) for b in ("from_x", "from_y", "offset")] for a in "xy"]
        )
        xy = truth.points[id_].positions[:, ::-1]
        at = np.linalg.solve(to_original[:, :2], (xy - to_original[:, 2]).T).T
        assert (at > -0.5).all()
        assert (at < [width, height]).all()
        assert row["inverted"] == "False"
        assert row["n_hands"] == "1"
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        assert sheet.width > 3 * 300
    assert {path.name for path in (tmp_path / "pairs").iterdir()} == {f"{id_}.png" for id_ in rows}


def test_bad_files_and_volumes_are_rows_and_spoil_no_other(new, volumes, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    paths = [tmp_path / "bad.png", volumes / "images" / "volume8.nii.gz", new / "images" / "phantom0001.png"]
    results = standardise_files(paths, tmp_path / "out", sizes={})
    assert [result.status for result in results] == ["refused", "refused", "ok"]
    rows = read_rows(tmp_path / "out")
    assert rows["bad"]["reason"]
    assert "is a volume" in rows["volume8"]["reason"]
    assert rows["bad"]["inverted"] == ""
    assert [path.name for path in (tmp_path / "out" / "pictures").iterdir()] == ["phantom0001.png"]


def test_only_bad_files_make_a_table_without_a_sheet(tmp_path):
    (tmp_path / "bad.png").touch()
    standardise_files([tmp_path / "bad.png"], tmp_path / "out", sizes={})
    assert read_rows(tmp_path / "out")["bad"]["status"] == "refused"
    assert not (tmp_path / "out" / "contact_sheet.png").exists()


def test_a_finding_flags_and_16_bits_are_kept(new, tmp_path):
    with Image.open(new / "images" / "phantom0001.png") as image:
        pixels = np.asarray(image, dtype=np.uint16)
    rng = np.random.default_rng(0)
    Image.fromarray(pixels * 16).save(tmp_path / "deep.png")
    Image.fromarray(np.clip(pixels + rng.normal(0, 25, pixels.shape), 0, 255).astype(np.uint8)).save(
        tmp_path / "noisy.png"
    )
    results = standardise_files([tmp_path / "deep.png", tmp_path / "noisy.png"], tmp_path / "out", sizes={})
    assert [result.status for result in results] == ["ok", "flagged"]
    assert results[1].reason.startswith("the noise is ")
    assert read_rows(tmp_path / "out")["noisy"]["findings"] == "noise"
    with Image.open(tmp_path / "out" / "pictures" / "deep.png") as picture:
        assert picture.getextrema() == (0, 65535)


def test_the_number_of_processes_does_not_matter(new, tmp_path):
    paths = find_scans(new / "images")
    for jobs in (1, 2):
        standardise_files(paths, tmp_path / str(jobs), sizes={}, jobs=jobs)
    for name in ("standardised.csv", "contact_sheet.png"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_run_goes_on_with_new_files_and_refuses_other_settings(new, tmp_path, monkeypatch):
    paths, seen, process = find_scans(new / "images"), [], Standardisation.process
    monkeypatch.setattr(Standardisation, "process", lambda self, *args: seen.append(args[0].id) or process(self, *args))
    standardise_files(paths[:2], tmp_path, sizes={})
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        width = sheet.width
    assert len(standardise_files(paths, tmp_path, sizes={})) == 3
    assert seen == ["phantom0001", "phantom0002", "phantom0003"]
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        assert sheet.width > width
    with pytest.raises(UnusableOutput, match="holds results of settings"):
        standardise_files(paths, tmp_path, sizes={}, settings=StandardiseSettings(size=200))
