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


def test_a_localiser_judges_by_the_hands_that_it_is_given_and_by_none_that_it_knows(
    model_file, localiser_file, new, monkeypatch, tmp_path
):
    from boneage.landmarks import Acceptance
    from boneage.pipeline import BoneAgePipeline

    script = load_script("replace_localiser")
    fit = Acceptance.fit
    monkeypatch.setattr(Acceptance, "fit", lambda evidence, boundaries: fit(evidence, threshold=0.5))
    ids, out = tmp_path / "ids.txt", tmp_path / "new.boneage"
    ids.write_text("phantom0002\nphantom0003\n")
    _, summary = script.load_localiser(localiser_file)
    with pytest.raises(ValueError, match="has learnt from 2 of the hands, such as phantom0002"):
        script.main(*map(str, (model_file, localiser_file, out, ids, new / "images")))
    others = {**summary, "ids": ["phantom0009"]}
    load = script.load_localiser
    monkeypatch.setattr(script, "load_localiser", lambda path: (load(path)[0], others))
    script.main(*map(str, (model_file, localiser_file, out, ids, new / "images")))
    pipeline = BoneAgePipeline.load(out)
    assert pipeline.summary["localiser"]["acceptance"] == {"ids": ["phantom0002", "phantom0003"], "not_found": []}
    result = pipeline.assess(new / "images" / "phantom0002.png", sex="F")
    assert 0 < result.acceptance <= 1
    assert result.row(())["acceptance"] == f"{result.acceptance:.4f}"


def test_a_calibration_goes_with_the_localiser_that_it_was_made_with(calibrated, localiser_file, tmp_path):
    from boneage.landmarks import Acceptance
    from boneage.pipeline import BoneAgePipeline, load_localiser
    from boneage.pipeline.pipeline import save_localiser

    script, out = load_script("replace_localiser"), str(tmp_path / "new.boneage")
    calibrated.save(tmp_path / "calibrated.boneage")
    localiser, summary = load_localiser(localiser_file)
    n = len(localiser.names_)
    judge = localiser.with_acceptance(Acceptance(np.eye(4), np.ones(4), np.zeros(0), np.zeros((1, n)), 0.5))
    save_localiser(tmp_path / "judge.boneage", judge, summary)
    script.main(str(tmp_path / "calibrated.boneage"), str(tmp_path / "judge.boneage"), out)
    again = BoneAgePipeline.load(out)
    assert again.localiser.acceptance_ is not None
    assert again.calibration == calibrated.calibration
    other = judge.with_acceptance(None)
    other.typical_score_ *= 1.01
    save_localiser(tmp_path / "other.boneage", other, summary)
    script.main(str(tmp_path / "calibrated.boneage"), str(tmp_path / "other.boneage"), out)
    assert BoneAgePipeline.load(out).calibration is None


def test_the_times_of_reading_are_printed(new, model_file, monkeypatch, capsys):
    script = load_script("reading_times")
    monkeypatch.setattr(script, "shipped_model", lambda: model_file)
    script.main(new / "images", new / "ages.csv", n=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 files: ")
    assert lines[1].startswith("seconds: median ")


def test_the_shares_of_a_hand_are_printed(new, model_file, monkeypatch, capsys):
    script = load_script("reading_shares")
    monkeypatch.setattr(script, "shipped_model", lambda: model_file)
    monkeypatch.setattr(script, "BATCHES", (1, 2))
    script.main(new / "images", new / "ages.csv", n=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1 files, ")
    assert {"landmarks", "networks", "overlay", "page"} <= {line.split()[0] for line in lines[1:]}
    assert lines[-1].startswith("networks,  2 hands at a time: ")


def test_refusals_are_counted_and_errors_told_by_acceptance(tmp_path, capsys):
    script = load_script("acceptance")
    header = "id,status,reason,acceptance,bone_age_months\n"
    rows = [f"h{k},ok,,{k / 20:.2f},{100 + (30 if k == 1 else 2)}\n" for k in range(1, 19)]
    rows += ["h19,refused,no hand,0.0000,\n", "h20,flagged,nothing seen where tip should be,0.9,102\n"]
    (tmp_path / "ages.csv").write_text(header + "".join(rows))
    truth = tmp_path / "truth.csv"
    truth.write_text("id,boneage_months,sex\n" + "".join(f"h{k},100,F\n" for k in range(1, 21)))
    script.main([str(tmp_path)], [str(truth)])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1][1:] == ["20", "1", "1", "0.1%", "to", "24.9%", "1", "1", "18"]
    assert lines[4] == ["100%", "19", "3.47", "5.26%"]
    assert lines[7] == ["90%", "18", "2.00", "0.00%"]


def test_hands_are_held_out_of_what_the_localiser_knows(monkeypatch, tmp_path):
    script = load_script("held_out_hands")
    images, tested = tmp_path / "images", tmp_path / "tested"
    for folder, numbers in ((images, range(1990, 2030)), (tested, range(2000, 2010))):
        folder.mkdir()
        for number in numbers:
            (folder / f"{number}.png").touch()
    monkeypatch.setattr(script, "load_localiser", lambda _: (None, {"ids": ["rsna2029", "dha2028", "2027"]}))
    script.main("model", str(images), str(tmp_path), "20", "3", str(tested))
    calibration, test = ((tmp_path / f"{name}.txt").read_text().split() for name in ("calibration", "test"))
    assert (len(calibration), len(test)) == (20, 3)
    assert not {*calibration, *test} & {"2029", "2027", *map(str, range(2000, 2010))}
    assert not set(calibration) & set(test)
    assert all(int(number) >= 2010 for number in test)
