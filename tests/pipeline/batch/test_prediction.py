import csv
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from boneage.imaging import Scan, find_scans, read_landmarks, read_sexes
from boneage.imaging.atomic_files import open_atomically
from boneage.imaging.errors import InvalidModelFile, UnusableOutput
from boneage.imaging.phantoms import draw_phantom_hand, halve_hand, join_hands
from boneage.imaging.volumes.writing import write_volume
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.prediction import OverlappingModels, load_models
from boneage.pipeline.batch.prediction_run import predict_to_folder
from boneage.pipeline.batch.run import RunOptions
from tests.imaging.dicom_files import write_dicom
from tests.volume_hands import SPACING_MM

AGAIN = RunOptions(restart=True)


@pytest.fixture(scope="module")
def mixed(new, tmp_path_factory):
    """Three phantom hands, a text file, an empty file, a truncated PNG and a 1x1 image."""
    folder = tmp_path_factory.mktemp("mixed")
    for hand in (new / "images").iterdir():
        shutil.copy(hand, folder / hand.name)
    (folder / "notes.txt").write_text("not an image")
    (folder / "empty.png").touch()
    (folder / "truncated.png").write_bytes((folder / "phantom0001.png").read_bytes()[:5000])
    Image.new("L", (1, 1), 100).save(folder / "dot.png")
    return folder


def read_rows(path):
    with path.open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_hands_have_ages_and_the_rest_has_reasons(mixed, new, model_file, tmp_path):
    sexes = read_sexes(new / "ages.csv") | dict.fromkeys(("notes", "empty", "truncated", "dot"), "F")
    predict_to_folder(find_scans(mixed), [model_file], tmp_path, sexes=sexes, sizes={})
    rows = read_rows(tmp_path / "ages.csv")
    assert len(rows) == 7
    for id_, row in rows.items():
        assert (row["status"] == "refused") != id_.startswith("phantom"), row
        assert bool(row["reason"]) == (row["status"] != "ok")
        assert bool(row["bone_age_months"]) == id_.startswith("phantom")
        assert row["model"].startswith("model.boneage ") == id_.startswith("phantom")
        assert row["modality"] == ("xray" if id_.startswith("phantom") else "")
    assert "empty" in rows["empty"]["reason"]
    weights = [float(v) for k, v in rows["phantom0001"].items() if k.startswith("weight_")]
    assert sum(weights) == pytest.approx(1, abs=1e-3)
    truth, found = read_landmarks(new / "landmarks.csv"), read_landmarks(tmp_path / "landmarks.csv")
    off = np.linalg.norm(found.points["phantom0001"].positions - truth.points["phantom0001"].positions, axis=1)
    assert np.nanmedian(off) < 6
    assert {path.stem for path in (tmp_path / "overlays").iterdir()} == {f"phantom000{k}" for k in (1, 2, 3)}


@pytest.fixture(scope="module")
def pairs(new, tmp_path_factory):
    """Two hands with their fingers apart in a picture, one alone in a file named as the second, one beside fingers."""
    folder = tmp_path_factory.mktemp("pairs")
    drawn = (draw_phantom_hand(np.random.default_rng(seed), sex="F", age_months=120.0) for seed in (4, 13))
    first, second = ((hand.scan, hand.points) for hand in drawn)
    joined = {"pair": join_hands(first, second), "half": join_hands(first, halve_hand(*second, "upper"))}
    for name, (scan, *_) in joined.items():
        Image.fromarray(scan.pixels.astype(np.uint8)).save(folder / f"{name}.png")
    shutil.copy(new / "images" / "phantom0003.png", folder / "pair#2.png")
    return folder, joined


def test_each_hand_of_a_picture_has_its_row_if_asked_for(pairs, model_file, tmp_path):
    (folder, joined), out = pairs, tmp_path / "1"
    predict_to_folder(find_scans(folder), [model_file], out, sexes="F", sizes={}, all_hands=True)
    rows, found = read_rows(out / "ages.csv"), read_landmarks(out / "landmarks.csv").points
    assert list(rows) == ["half", "half#2", "pair#2", "pair", "pair#2~2"]
    assert {path.stem for path in (out / "overlays").iterdir()} == rows.keys()
    assert {row["path"] for id_, row in rows.items() if id_.startswith("half")} == {"half.png"}
    for id_, truth in zip(("pair", "pair#2~2"), joined["pair"][1:], strict=True):
        off = np.linalg.norm(found[id_].positions - truth.positions, axis=1)
        assert np.nanmedian(off) < 6
    assert {id_: row["status"] for id_, row in rows.items() if row["status"] == "refused"} == {"half#2": "refused"}


@pytest.mark.slow
def test_the_hands_of_a_picture_are_the_same_by_two_processes(pairs, model_file, tmp_path):
    folder, _ = pairs
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        predict_to_folder(find_scans(folder), [model_file], out, sexes="F", sizes={}, jobs=jobs, all_hands=True)
    for name in ("ages.csv", "landmarks.csv", "overlays/pair#2~2.png"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


@pytest.mark.slow
def test_a_file_of_one_hand_is_read_the_same_and_of_two_says_so(pairs, model_file, tmp_path):
    folder, _ = pairs
    for name in ("one", "all"):
        files, out = find_scans(folder), tmp_path / name
        predict_to_folder(files, [model_file], out, sexes="F", sizes={}, all_hands=name == "all", explain=True)
    one, each = (read_rows(tmp_path / name / "ages.csv") for name in ("one", "all"))
    assert list(one) == ["half", "pair#2", "pair"]
    assert one["pair#2"] == each["pair#2"]
    for kind in ("overlays", "explanations"):
        first, second = (tmp_path / name / kind / "pair#2.png" for name in ("one", "all"))
        assert first.read_bytes() == second.read_bytes()
    assert "there are 2 hands in the picture: predict --all-hands reads each" in one["pair"]["reason"]
    assert "hands in the picture" not in each["pair"]["reason"] + each["pair#2~2"]["reason"]


def test_a_model_without_a_localiser_writes_no_landmarks(new, whole_model_file, tmp_path):
    predict_to_folder(
        find_scans(new / "images"), [whole_model_file], tmp_path, sexes=read_sexes(new / "ages.csv"), sizes={}
    )
    rows = read_rows(tmp_path / "ages.csv")
    assert {row["status"] for row in rows.values()} == {"flagged"}
    assert all(row["age_whole"] and row["weight_whole"] == "1.0000" for row in rows.values())
    assert not (tmp_path / "landmarks.csv").exists()
    assert len(list((tmp_path / "overlays").iterdir())) == 3


def test_the_results_do_not_depend_on_the_number_of_processes(mixed, new, model_file, tmp_path):
    sexes = read_sexes(new / "ages.csv")
    for jobs in (1, 2):
        predict_to_folder(find_scans(mixed), [model_file], tmp_path / str(jobs), sexes=sexes, sizes={}, jobs=jobs)
    for name in ("ages.csv", "landmarks.csv"):
        assert (tmp_path / "1" / name).read_text() == (tmp_path / "2" / name).read_text()


def test_a_resized_copy_has_its_landmarks_in_original_pixels(new, model_file, tmp_path):
    with Image.open(new / "images" / "phantom0001.png") as image:
        width, height = image.size
        image.resize((width // 2, height), Image.Resampling.BOX).save(tmp_path / "phantom0001.png")
    predict_to_folder(
        [tmp_path / "phantom0001.png"],
        [model_file],
        tmp_path / "out",
        sexes={"phantom0001": "F"},
        sizes={"phantom0001": (height, width)},
    )
    truth, found = read_landmarks(new / "landmarks.csv"), read_landmarks(tmp_path / "out" / "landmarks.csv")
    off = np.linalg.norm(found.points["phantom0001"].positions - truth.points["phantom0001"].positions, axis=1)
    assert np.nanmedian(off) < 6


def test_what_ages_rest_on_is_drawn_if_asked_for(new, model_file, tmp_path):
    paths = [new / "images" / "phantom0001.png", new / "ages.csv"]
    sexes = dict.fromkeys(("phantom0001", "ages"), "F")
    predict_to_folder(paths, [model_file], tmp_path, sexes=sexes, sizes={}, explain=True)
    assert [path.name for path in (tmp_path / "explanations").iterdir()] == ["phantom0001.png"]
    with Image.open(tmp_path / "explanations" / "phantom0001.png") as picture:
        assert picture.height == 1000


def test_several_age_models_have_their_columns_overlays_and_explanations(new, joined_file, joined, tmp_path):
    paths, sexes = find_scans(new / "images"), read_sexes(new / "ages.csv")
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        predict_to_folder(paths, [joined_file], out, sexes=sexes, sizes={}, jobs=jobs, explain=True)
        assert {path.stem for path in (out / "explanations").iterdir()} == {path.stem for path in paths}
    rows = read_rows(tmp_path / "1" / "ages.csv")
    for row in rows.values():
        weights = [float(row[f"weight_{name}"]) for name in joined.region_names]
        ages = [float(row[f"age_{name}"]) for name in joined.region_names]
        assert (row["status"], weights[0]) == ("ok", 0.5)
        assert sum(np.multiply(weights, ages)) == pytest.approx(float(row["bone_age_months"]), abs=0.1)
    for name in ("ages.csv", "overlays/phantom0001.png", "explanations/phantom0001.png"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_results_hold_no_pixels_and_threads_are_as_before(new, joined_file, tmp_path):
    n_threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        (result,) = predict_to_folder(
            [new / "images" / "phantom0001.png"], [joined_file], tmp_path, sexes="F", sizes={}, explain=True
        )
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(n_threads)
    assert (result.status, result.regions, result.readings) == ("ok", (), ())


def test_an_unexpected_error_is_one_rows_reason(new, model_file, tmp_path, monkeypatch, caplog):
    def fail(*_args, **_kwargs):
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("boneage.pipeline.pipeline.BoneAgePipeline.assess", fail)
    (result,) = predict_to_folder([new / "images" / "phantom0001.png"], [model_file], tmp_path, sexes="F", sizes={})
    assert result.status == "refused"
    assert result.reason == "internal error: ZeroDivisionError('boom')"
    assert "phantom0001.png" in caplog.text
    assert read_rows(tmp_path / "ages.csv")["phantom0001"]["status"] == "refused"


def test_an_age_outlives_its_pictures(new, model_file, tmp_path, monkeypatch):
    def fail(*_args, **_kwargs):
        raise MemoryError

    monkeypatch.setattr("boneage.pipeline.batch.prediction.draw_overlay", fail)
    monkeypatch.setattr("boneage.pipeline.batch.prediction.draw_explanation", fail)
    predict_to_folder([new / "images" / "phantom0001.png"], [model_file], tmp_path, sexes="F", sizes={}, explain=True)
    row = read_rows(tmp_path / "ages.csv")["phantom0001"]
    assert row["status"] == "flagged"
    assert row["bone_age_months"]
    assert row["reason"] == (
        "the overlay could not be drawn (not enough memory); the explanation could not be drawn (not enough memory)"
    )


def test_the_longest_names_and_the_widest_strips_do_not_end_a_batch(new, model_file, tmp_path):
    paths = []
    for letter in "ab":
        folder = tmp_path / (letter * 120)
        folder.mkdir()
        paths.append(folder / f"{'h' * 130}.png")
        shutil.copy(new / "images" / "phantom0001.png", paths[-1])
    paths.append(tmp_path / "strip.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 60_000), np.uint8)).save(paths[-1])
    results = predict_to_folder(paths, [model_file], tmp_path / "out", sexes="F", sizes={})
    assert [result.status for result in results] == ["ok", "ok", "refused"]
    assert "drawn" not in results[2].reason
    assert len(read_rows(tmp_path / "out" / "ages.csv")) == 3
    assert len(list((tmp_path / "out" / "overlays").iterdir())) == 3


def test_a_full_disk_for_the_tables_is_an_unusable_output(new, model_file, tmp_path, monkeypatch):
    def fail(path, **options):
        if path.name == "landmarks.csv":
            raise OSError(28, "No space left on device")
        return open_atomically(path, **options)

    monkeypatch.setattr("boneage.pipeline.storage.output.open_atomically", fail)
    with pytest.raises(UnusableOutput, match=r"landmarks\.csv cannot be written \(No space left on device\)"):
        predict_to_folder([new / "images" / "phantom0001.png"], [model_file], tmp_path, sexes="F", sizes={})
    assert read_rows(tmp_path / "ages.csv")


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_model_written_anew_is_read_anew(new, model_file, hand_model_file, tmp_path, jobs):
    paths, model = find_scans(new / "images")[:2], tmp_path / "model.boneage"
    ages = []
    for source in (model_file, hand_model_file):
        shutil.copy(source, model)
        predict_to_folder(paths, [model], tmp_path / "out", sexes="F", sizes={}, jobs=jobs, options=AGAIN)
        ages.append(read_rows(tmp_path / "out" / "ages.csv"))
        assert len(read_landmarks(tmp_path / "out" / "landmarks.csv").points) == 2
    assert ages[0]["phantom0001"]["model"] != ages[1]["phantom0001"]["model"]
    assert "weight_hand" in ages[1]["phantom0001"]


def test_a_row_that_fits_two_files_refuses_both_and_a_path_fits_one(new, model_file, tmp_path):
    paths = []
    for folder in ("A", "B"):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "1.png")
        shutil.copy(new / "images" / "phantom0001.png", paths[-1])
    paths.append(new / "images" / "phantom0002.png")
    refused = predict_to_folder(paths, [model_file], tmp_path / "a", sexes={"1": "F", "phantom0002": "M"}, sizes={})
    assert [result.status for result in refused] == ["refused", "refused", "ok"]
    assert f"the row '1' of the table of sexes fits this file and {paths[1]}" in refused[0].reason
    assert str(paths[0]) in refused[1].reason
    read = predict_to_folder(paths, [model_file], tmp_path / "b", sexes={"A/1.png": "F", "B/1": "M"}, sizes={})
    assert [result.sex for result in read] == ["F", "M", None]
    assert [
        result.sex for result in predict_to_folder(paths[:2], [model_file], tmp_path / "c", sexes="F", sizes={})
    ] == [
        "F",
        "F",
    ]
    sized = predict_to_folder(paths, [model_file], tmp_path / "d", sexes="F", sizes={"1": (900, 700)})
    assert ["table of sizes" in result.reason for result in sized] == [True, True, False]


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_row_of_a_hand_without_a_sex_names_the_table_and_an_id_of_either(new, model_file, tmp_path, jobs):
    paths = find_scans(new / "images")[:2]
    predict_to_folder(paths, [model_file], tmp_path, sexes={"2": "F", "phantom0001": "F"}, sizes={}, jobs=jobs)
    known, unknown = read_rows(tmp_path / "ages.csv").values()
    assert (known["status"], known["reason"]) == ("ok", "")
    assert unknown["status"] == "refused"
    assert unknown["reason"] == (
        "the sex is not known, and the model needs it: give it with --sex-csv or --sex; "
        "the table of sexes has nothing for this file, 'phantom0002': its id '2' fits no file"
    )


def test_a_sex_that_the_file_states_needs_no_row(tmp_path, whole_model_file):
    write_dicom(tmp_path / "stated.dcm", np.arange(4800).reshape(60, 80).astype(np.uint16), PatientSex="F")
    (result,) = predict_to_folder([tmp_path / "stated.dcm"], [whole_model_file], tmp_path, sexes={"2": "F"}, sizes={})
    assert (result.sex, "table of sexes" in result.reason) == ("F", False)


def test_nothing_is_done_with_a_bad_model_or_folder(new, model_file, localiser_file, tmp_path):
    files = find_scans(new / "images")
    with pytest.raises(InvalidModelFile, match="'pipeline' is needed"):
        predict_to_folder(files, [localiser_file], tmp_path / "a", sexes={}, sizes={})
    assert not (tmp_path / "a").exists()
    (tmp_path / "b").write_text("in the way")
    with pytest.raises(UnusableOutput, match="needed as an output folder"):
        predict_to_folder(files, [model_file], tmp_path / "b", sexes={}, sizes={})


@pytest.fixture(scope="module")
def both(new, volumes, tmp_path_factory):
    """A radiograph, a volume, a volume of noise in another format, an MR slice and a broken volume."""
    folder = tmp_path_factory.mktemp("both")
    shutil.copy(new / "images" / "phantom0001.png", folder)
    shutil.copy(volumes / "images" / "volume8.nii.gz", folder)
    noise = Scan(np.random.default_rng(0).normal(100, 20, (16, 168, 80)), spacing=SPACING_MM, spacing_unit="mm")
    write_volume(folder / "noise.mha", noise)
    write_dicom(folder / "slice.dcm", np.arange(1600).reshape(40, 40), Modality="MR")
    (folder / "broken.nii.gz").write_bytes((folder / "volume8.nii.gz").read_bytes()[:3000])
    return folder


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_file_goes_to_the_model_of_its_modality(both, model_file, volume_model_file, tmp_path, jobs):
    models = [model_file, volume_model_file]
    ids = ("phantom0001", "volume8", "noise", "slice", "broken")
    predict_to_folder(find_scans(both), models, tmp_path, sexes=dict.fromkeys(ids, "F"), sizes={}, jobs=jobs)
    rows = read_rows(tmp_path / "ages.csv")
    assessed = {id_: (row["modality"], row["model"].split(" ")[0], row["status"]) for id_, row in rows.items()}
    assert assessed == {
        "phantom0001": ("xray", "model.boneage", "ok"),
        "volume8": ("mri", "volume.boneage", "refused"),
        "noise": ("mri", "volume.boneage", "refused"),
        "slice": ("", "", "refused"),
        "broken": ("", "", "refused"),
    }
    assert rows["volume8"]["reason"] == "no hand that the model can read: 0 of 34 landmarks found (score below 1)"
    assert rows["slice"]["reason"].startswith("is one slice of an MR volume")
    assert {"weight_radius", "weight_whole"} <= set(rows["phantom0001"])
    assert rows["phantom0001"]["weight_radius"]
    assert not rows["phantom0001"]["weight_whole"]
    assert list(read_landmarks(tmp_path / "landmarks.csv").points) == ["phantom0001"]
    assert read_landmarks(tmp_path / "landmarks_mri.csv").names[:2] == ("radius_shaft", "radius_physis")
    assert (tmp_path / "overlays" / "noise.png").is_file()


def test_a_single_model_refuses_what_is_of_the_other_modality(both, model_file, volume_model_file, tmp_path):
    sexes = dict.fromkeys(("phantom0001", "volume8", "noise", "slice"), "F")
    for name, model in (("xray", model_file), ("mri", volume_model_file)):
        predict_to_folder(find_scans(both), [model], tmp_path / name, sexes=sexes, sizes={})
        assert not (tmp_path / name / "landmarks_mri.csv").exists()
    rows = read_rows(tmp_path / "xray" / "ages.csv")
    assert rows["phantom0001"]["status"] == "ok"
    for id_ in ("volume8", "noise"):
        assert rows[id_]["reason"] == "is a volume (MR); the model reads radiographs: give a second --model"
    rows = read_rows(tmp_path / "mri" / "ages.csv")
    assert rows["phantom0001"]["reason"] == "is a radiograph; the model reads volumes (MR): give a second --model"


def test_two_models_of_one_modality_are_refused(model_file, whole_model_file, volume_model_file):
    both = [ModelReference.of(path) for path in (volume_model_file, model_file)]
    assert [p.modality for p in load_models(both)] == ["mri", "xray"]
    with pytest.raises(OverlappingModels, match=r"two models read radiographs, model\.boneage \w+ and whole"):
        load_models([*both, ModelReference.of(whole_model_file)])
