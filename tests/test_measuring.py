import csv
import dataclasses
import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from boneage.imaging import LandmarkTable, Points, Scan, UnreadableScan, find_scans, read_scan
from boneage.landmarks import PRESETS, ForestSettings, change_stages
from boneage.landmarks.search_settings import SearchSettings
from tests.conftest import ROOT


def test_the_script_fills_a_folder_with_hands_and_strange_files(tmp_path):
    from boneage.imaging.phantoms import write_phantom_set

    write_phantom_set(tmp_path, 2, seed=0)
    script = ROOT / "docs" / "measure" / "strange_files.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "images"), str(tmp_path / "mixed")], check=True)
    readable, refused = {}, []
    for path in find_scans(tmp_path / "mixed"):
        try:
            readable[path.name] = read_scan(path)
        except UnreadableScan as error:
            refused.append(error.path.name)
    assert sorted(refused) == ["dot.png", "empty.png", "notes.txt", "truncated.png"]
    assert sorted(readable) == ["phantom0001.png", "phantom0001_dicom.dcm", "phantom0002.png"]
    difference = readable["phantom0001_dicom.dcm"].pixels * (255 / 4095) - readable["phantom0001.png"].pixels
    assert np.ptp(difference) < 0.2  # the same picture but for the brightness of black
    with (tmp_path / "mixed" / "sexes.csv").open(newline="") as file:
        assert {row["id"] for row in csv.DictReader(file)} == {"phantom0001", "phantom0001_dicom", "phantom0002"}


def load_script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "measure" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_regressions_on_geometry_are_compared_on_the_same_folds(monkeypatch):
    from boneage.imaging import Points
    from boneage.pipeline.training.dataset import AgeDataset

    rng = np.random.default_rng(0)
    ages = rng.uniform(30, 200, 30)
    base, growth = rng.normal(size=(2, 6, 2))
    points = [Points(tuple("abcdef"), base + growth * age / 800) for age in ages]
    ids = tuple(str(k) for k in range(30))
    script = load_script("geometry_models")
    monkeypatch.setattr(script, "MODELS", {"ridge": script.MODELS["ridge"]})
    hands = AgeDataset(ids, points, tuple(ages), ("F", "M") * 15)
    mads = script.compare(hands, [ids[:15], ids[15:]])
    assert mads["ridge"] < 5


def test_reoriented_volumes_have_their_landmarks_at_the_same_voxels():
    script = load_script("volume_robustness")
    pixels = np.zeros((12, 20, 16))
    pixels[3, 14, 5] = 9.0
    scan, points = Scan(pixels, spacing=(2.0, 1.0, 0.5), modality="mri"), Points(("spot",), [[3.0, 14.0, 5.0]])
    for name, orientation in script.ORIENTATIONS.items():
        reoriented, moved = script.reorient(scan, points, *orientation)
        assert reoriented.pixels[tuple(moved.positions[0].astype(int))] == 9.0, name
        assert sorted(reoriented.true_size) == sorted(scan.true_size)


def test_the_costs_of_volumes_are_printed(monkeypatch, capsys):
    script = load_script("volume_costs")
    for name in ("USUAL", "LARGE"):
        monkeypatch.setattr(script, name, script.SMALL)
    monkeypatch.setattr(script, "PRESETS", {"fast": make_quick})
    script.main("fast", 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("3 volumes drawn")
    assert lines[2].startswith("training, reading included")
    assert [line.startswith("20 x 80 x 60: read in") for line in lines[3:]] == [True] * 4


def make_quick(ndim):
    def shrink(stage):
        return dataclasses.replace(stage, n_positions=40, n_copies=1, forest=ForestSettings(n_trees=2, max_depth=5))

    settings = change_stages(PRESETS["fast"](ndim), shrink)
    return dataclasses.replace(settings, search=SearchSettings(), may_mirror=False)


def test_standardising_is_measured(known, capsys):
    load_script("standardising").main(str(known / "images"), str(known / "landmarks.csv"), "3")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 hands; all landmarks inside: 100.0%; not: none"
    assert lines[-2] == "polarity right: as it is 100.0%, inverted 100.0%"


def drawn_hand(mirrored=False):
    """A left hand with straight fingers of four joints, thumb to the right, in a table of ``hand40`` names."""
    script = load_script("training_hands")
    places = {"mc1_base_CMC1": (80, 70), "thumb_MCP": (60, 80), "thumb_IP": (45, 88), "thumb_tip": (35, 92)}
    for column, digit in zip((65, 55, 45, 35), ("index", "middle", "ring", "little"), strict=True):
        places |= {
            f"{digit}_{joint}": (row, column)
            for joint, row in zip(("MCP", "PIP", "DIP", "tip"), (50, 30, 20, 12), strict=True)
        }
    places |= {"radius_centre": (100, 58), "ulna_centre": (98, 40)}
    positions = np.array(list(places.values()), float) * ([1, -1] if mirrored else [1, 1])
    return script, Points(tuple(places), positions)


def test_the_offset_between_two_kinds_is_measured_in_the_bones_frame_and_added():
    for mirrored in (False, True):
        script, hand = drawn_hand(mirrored)
        table = LandmarkTable("a", hand.names, {"1": hand, "2": hand}, {}, {})
        offsets = {"index_PIP": np.array([0.1, 0.2]), "ulna_centre": np.array([0.5, 0.0])}
        moved = script.move_landmarks(table, offsets)
        steps = moved.points["1"].positions - hand.positions
        side = -1 if mirrored else 1
        assert np.allclose(steps[hand.names.index("index_PIP")], [-2, 4 * side])  # a bone of 20 pixels
        assert np.allclose(steps[hand.names.index("ulna_centre")], [-10, 0])
        measured = script.measure_offsets(table, moved)
        assert set(measured) == set(hand.names)
        assert all(np.allclose(offset, offsets.get(name, 0)) for name, offset in measured.items())


def test_a_landmark_whose_bone_is_not_known_is_not_moved_but_absent():
    script, hand = drawn_hand()
    alone = Points(
        ("index_MCP", "index_PIP", "index_DIP"), hand.select(("index_MCP", "index_PIP", "index_DIP")).positions
    )
    spread = script.spread(alone)
    assert spread.names == script.NAMES
    assert spread.present.sum() == 3
    moved = script.move_landmarks(
        LandmarkTable("a", script.NAMES, {"1": spread}, {}, {}), {"index_PIP": np.array([1, 0])}
    )
    assert set(np.array(script.NAMES)[moved.points["1"].present]) == {"index_MCP", "index_DIP"}


@pytest.mark.real_data
@pytest.mark.slow
def test_the_training_hands_have_no_hand_that_tests_the_model(real_data, tmp_path):
    load_script("training_hands").main(real_data, tmp_path, ("keypoints", "boxes"))
    ids = {path.stem for path in find_scans(tmp_path / "images")}
    held_out = {path.stem for name in ("rsna_native", "rsna_half") for path in find_scans(real_data / name / "images")}
    assert len(ids) > 800
    assert not {f"rsna{id_}" for id_ in held_out} & ids


def test_age_models_get_another_localiser(model_file, localiser_file, tmp_path):
    from boneage.pipeline import BoneAgePipeline, load_localiser
    from boneage.pipeline.pipeline import fingerprint_localiser

    load_script("replace_localiser").main(str(model_file), str(localiser_file), str(tmp_path / "new.boneage"))
    old, new = BoneAgePipeline.load(model_file), BoneAgePipeline.load(tmp_path / "new.boneage")
    localiser, summary = load_localiser(localiser_file)
    assert fingerprint_localiser(new.localiser) == fingerprint_localiser(localiser)
    assert new.summary["localiser"] == summary
    assert [model.crop_spec for model in new.age_models] == [model.crop_spec for model in old.age_models]


def test_the_times_of_reading_are_printed(new, model_file, monkeypatch, capsys):
    script = load_script("reading_times")
    monkeypatch.setattr(script, "shipped_model", lambda: model_file)
    script.main(new / "images", new / "ages.csv", n=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 files: ")
    assert lines[1].startswith("seconds: median ")
