import csv

import numpy as np
from PIL import Image

from boneage.imaging import Frame, find_scans, read_landmarks
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.batch.localisation import locate_files
from boneage.pipeline.pipeline import load_localiser, save_localiser
from tests.volume_hands import SPACING_MM


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_landmarks_scores_files_and_pictures_are_written(new, localiser_file, tmp_path):
    results = locate_files(find_scans(new / "images"), localiser_file, tmp_path, sizes={})
    assert [r.status for r in results] == ["ok"] * 3
    truth, found = read_landmarks(new / "landmarks.csv"), read_landmarks(tmp_path / "landmarks.csv")
    for id_ in truth.points:
        off = np.linalg.norm(found.points[id_].positions - truth.points[id_].positions, axis=1)
        assert np.nanmedian(off) < 6
    assert found.original_shapes == truth.original_shapes
    scores = read_rows(tmp_path / "scores.csv")
    assert len(scores) == 3 * 37
    assert all(0 <= float(row["score"]) <= 1 for row in scores)
    assert [row["status"] for row in read_rows(tmp_path / "files.csv")] == ["ok"] * 3
    with Image.open(tmp_path / "overlays" / "phantom0001.png") as picture:
        assert picture.size[1] == 1000
    assert not (tmp_path / "votes").exists()


def test_votes_are_written_if_asked_for_and_their_peaks_are_the_landmarks(new, localiser_file, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (200, 300), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "odd name, ü.png")
    paths = [new / "images" / "phantom0001.png", tmp_path / "odd name, ü.png"]
    results = locate_files(paths, localiser_file, tmp_path / "out", sizes={}, votes=True)
    files = sorted(path.name for path in (tmp_path / "out" / "votes").iterdir())
    assert files == ["odd name, ü.npz", "odd name, ü.png", "phantom0001.npz", "phantom0001.png"]
    with np.load(tmp_path / "out" / "votes" / "phantom0001.npz", allow_pickle=False) as file:
        assert tuple(file["names"]) == load_localiser(localiser_file)[0].names_
        off = []
        for values, matrix, place in zip(file["maps"], file["to_map"], results[0].points.positions, strict=True):
            peak = np.array(np.unravel_index(values.argmax(), values.shape), dtype=float)
            off.append(np.linalg.norm(Frame(matrix).apply([place])[0] - peak))
    # Where how landmarks lie to each other speaks against the highest peak, it is another one.
    assert (np.array(off) < 1.5).sum() >= 34


def test_bad_files_are_rows_and_spoil_no_other(new, localiser_file, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    noise = np.random.default_rng(0).integers(0, 255, (200, 300), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    paths = [tmp_path / "bad.png", tmp_path / "noise.png", new / "images" / "phantom0001.png"]
    results = locate_files(paths, localiser_file, tmp_path / "out", sizes={})
    assert [r.status for r in results] == ["refused", "flagged", "ok"]
    rows = {row["id"]: row for row in read_rows(tmp_path / "out" / "files.csv")}
    assert rows["bad"]["reason"]
    assert "of 37 landmarks found" in rows["noise"]["reason"]
    assert "bad" not in read_landmarks(tmp_path / "out" / "landmarks.csv").points


def test_a_localiser_of_volumes_locates_them_and_refuses_radiographs(new, volumes, volume_localiser, tmp_path):
    paths = [volumes / "images" / "volume8.nii.gz", new / "images" / "phantom0001.png"]
    save_localiser(tmp_path / "volumes.boneage", volume_localiser, {})
    volume, radiograph = locate_files(paths, tmp_path / "volumes.boneage", tmp_path, sizes={}, votes=True)
    assert (radiograph.status, radiograph.reason) == ("refused", "is a radiograph; the model reads volumes (MR)")
    assert volume.status == "ok"
    truth, found = (read_landmarks(f / "landmarks.csv").points["volume8"] for f in (volumes, tmp_path))
    off_mm = np.linalg.norm((found.positions - truth.positions) * SPACING_MM, axis=1)
    assert np.nanmedian(off_mm) < 3
    with np.load(tmp_path / "votes" / "volume8.npz") as file:
        assert file["maps"].ndim == 4
        assert file["to_map"].shape == (34, 4, 4)
    for folder in ("overlays", "votes"):
        with Image.open(tmp_path / folder / "volume8.png") as picture:
            assert picture.height == 1000
            assert picture.width > 1500


def test_a_localiser_of_radiographs_refuses_volumes(volumes, new, localiser_file, tmp_path):
    paths = [volumes / "images" / "volume8.nii.gz", new / "images" / "phantom0001.png"]
    results = locate_files(paths, localiser_file, tmp_path, sizes={})
    assert [r.status for r in results] == ["refused", "ok"]
    assert results[0].reason == "is a volume (MR); the model reads radiographs"
    assert list(read_landmarks(tmp_path / "landmarks.csv").points) == ["phantom0001"]


def test_a_strip_and_a_failing_picture_do_not_end_a_batch(new, localiser_file, tmp_path, monkeypatch):
    strip = np.random.default_rng(0).integers(0, 255, (16, 60_000), np.uint8)
    Image.fromarray(strip).save(tmp_path / "strip.png")
    located = locate_files([tmp_path / "strip.png"], localiser_file, tmp_path / "a", sizes={})[0]
    assert "drawn" not in located.reason
    with Image.open(tmp_path / "a" / "overlays" / "strip.png") as picture:
        assert picture.width <= 4000

    def fail(*_args, **_kwargs):
        raise MemoryError

    monkeypatch.setattr("boneage.pipeline.batch.localisation.draw_landmarks", fail)
    monkeypatch.setattr("boneage.pipeline.batch.localisation.draw_votes", fail)
    (result,) = locate_files([new / "images" / "phantom0001.png"], localiser_file, tmp_path / "b", sizes={}, votes=True)
    assert (result.status, result.votes) == ("flagged", ())
    assert result.reason == (
        "the picture of votes could not be drawn (not enough memory); "
        "the overlay could not be drawn (not enough memory)"
    )
    assert len(read_landmarks(tmp_path / "b" / "landmarks.csv").points) == 1


def test_a_localiser_that_fails_on_a_file_refuses_that_file(new, localiser_file, tmp_path, monkeypatch):
    def fail(self, scan):
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(ForestLocaliser, "find", fail)
    (result,) = locate_files([new / "images" / "phantom0001.png"], localiser_file, tmp_path, sizes={})
    assert (result.status, result.reason) == ("refused", "internal error: ZeroDivisionError('boom')")
    assert read_rows(tmp_path / "files.csv")[0]["status"] == "refused"
