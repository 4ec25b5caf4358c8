import dataclasses
import json
from typing import get_args

import pytest
from PIL import Image

from boneage.imaging import FORMATS, read_landmarks
from boneage.pipeline.commands.landmarks import FormatName


def test_train_locate_and_report(boneage, known, new, tmp_path):
    (tmp_path / "ids.txt").write_text("".join(f"phantom000{k}\n" for k in range(1, 9)))
    model = tmp_path / "deep" / "m.boneage"
    code, out, err = boneage(
        "landmarks", "train", known / "images", "--landmarks", known / "landmarks.csv", "--model", model,
        "--preset", "fast", "--ids", tmp_path / "ids.txt",
    )  # fmt: skip
    assert code == 0
    assert "37 landmarks learnt from 8 images" in out
    assert "local stage 1" in err
    code, out, _ = boneage(
        "landmarks", "locate", new / "images", "--model", model, "--out", tmp_path / "out", "--votes"
    )
    assert code == 0
    assert len(list((tmp_path / "out" / "votes").glob("*.npz"))) == 3
    assert "3 files: 3 ok" in out
    code, out, _ = boneage(
        "landmarks", "report", "--predicted", tmp_path / "out" / "landmarks.csv", "--truth", new / "landmarks.csv",
        "--out", tmp_path / "report", "--reference", "ulna_styloid_tip:radius_styloid_tip=50mm",
        "--ages", new / "ages.csv", "--images", new / "images", "--model", model,
    )  # fmt: skip
    assert code == 0
    assert "all of them phantoms" in out
    assert "found with a score" in out
    page = (tmp_path / "report" / "landmark_report.html").read_text()
    assert page.count("<img") == 9
    assert "bone: carpals" in page
    summary = json.loads((tmp_path / "report" / "landmark_summary.json").read_text())
    assert summary["overall"]["median"] < 1.5
    assert summary["overall"]["n"] == 3 * 37


def test_a_bad_file_is_a_refusal_and_the_sizes_of_resized_copies_are_heeded(boneage, new, localiser_file, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.png").touch()
    with Image.open(new / "images" / "phantom0001.png") as image:
        width, height = image.size
        image.resize((width, height // 2), Image.Resampling.BOX).save(tmp_path / "in" / "phantom0001.png")
    code, out, err = boneage(
        "landmarks", "locate", tmp_path / "in", "--model", localiser_file, "--out", tmp_path / "out",
        "--sizes", new / "landmarks.csv",
    )  # fmt: skip
    assert code == 3
    assert "1 ok, 0 flagged, 1 refused" in out
    assert "empty.png: is empty" in err
    code, out, _ = boneage(
        "landmarks", "report", "--predicted", tmp_path / "out" / "landmarks.csv", "--truth", new / "landmarks.csv",
        "--out", tmp_path / "report",
    )  # fmt: skip
    assert code == 0
    assert json.loads((tmp_path / "report" / "landmark_summary.json").read_text())["overall"]["median"] < 6


def test_benchmark_compares_variants_and_keeps_every_error(boneage, known, tmp_path):
    arguments = (
        "landmarks", "benchmark", known / "images", "--landmarks", known / "landmarks.csv", "--out", tmp_path,
        "--compare", "fast", "--rounds", 2, "--train", 6, "--test", 3,
        "--reference", "ulna_styloid_tip:radius_styloid_tip=50mm",
    )  # fmt: skip
    code, out, _ = boneage(*arguments)
    assert code == 0
    assert "2 rounds, 3 test images each" in out
    assert "all of them phantoms (synthetic)" in out
    rows = (tmp_path / "errors.csv").read_text().splitlines()
    assert rows[0] == "variant,round,id,landmark,error,score"
    assert len(rows) == 1 + 2 * 2 * 3 * 37
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert list(summary["variants"]) == ["fast", "fast, vote weight 1"]
    assert summary["variants"]["fast"]["overall"]["n"] == 2 * 3 * 37
    assert len(summary["variants"]["fast"]["rounds"]) == 2
    page = (tmp_path / "report.html").read_text()
    assert page.count("<img") == 12
    assert "bone: carpals" in page
    assert boneage(*arguments)[1] == out


def test_every_format_can_be_asked_for():
    assert set(get_args(FormatName)) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_convert_there_and_back(boneage, new, tmp_path, name):
    code, out, _ = boneage("landmarks", "convert", new / "landmarks.csv", "--to", name, "--out", tmp_path / "there")
    assert code == 0
    assert "3 images x 37 landmarks (0 absent)" in out
    code, _, _ = boneage("landmarks", "convert", tmp_path / "there", "--to", "csv", "--out", tmp_path / "back.csv")
    assert code == 0
    assert (tmp_path / "back.csv").read_text() == (new / "landmarks.csv").read_text()


def test_other_formats_are_read_wherever_landmarks_are(boneage, new, tmp_path):
    boneage("landmarks", "convert", new / "landmarks.csv", "--to", "voc", "--out", tmp_path / "voc")
    code, out, _ = boneage("landmarks", "report", "--predicted", tmp_path / "voc", "--truth", new / "landmarks.csv")
    assert code == 0
    assert "0 of 111 not found" in out
    code, _, _ = boneage(
        "split", new / "images", "--landmarks", tmp_path / "voc", "--train", 2, "--test", 1, "--out", tmp_path / "split"
    )
    assert code == 0


def test_convert_tells_what_it_leaves_out_and_what_is_wrong(boneage, new, tmp_path):
    rows = (new / "landmarks.csv").read_text().splitlines()
    cells = rows[1].split(",")
    (tmp_path / "some.csv").write_text("\n".join([rows[0], ",".join([cells[0], "", "", *cells[3:]]), *rows[2:]]))
    arguments = ("landmarks", "convert", tmp_path / "some.csv", "--to", "label-studio", "--out", tmp_path / "out.json")
    code, out, err = boneage(*arguments)
    assert code == 3
    assert "2 images x 37" in out
    assert "1 images left out, phantom0001 first: label-studio needs width and height" in err
    assert boneage(*arguments, "--images", new / "images")[0] == 0
    assert boneage(*arguments, "--order", "Radius")[0] == 2
    code, _, err = boneage(*arguments[:2], tmp_path / "out.json", *arguments[3:], "--from", "coco")
    assert code == 1
    assert "out.json: the file must be an object" in err


def test_names_lead_from_one_scheme_to_another(boneage, new, tmp_path):
    code, out, _ = boneage(
        "landmarks", "convert", new / "landmarks.csv", "--to", "csv", "--out", tmp_path / "out.csv",
        "--names", "hand37_to_hand21",
    )  # fmt: skip
    assert code == 0
    assert "3 images x 20 landmarks" in out
    moved, first = read_landmarks(tmp_path / "out.csv").points["phantom0001"], read_landmarks(new / "landmarks.csv")
    assert moved.position("thumb4").tolist() == first.points["phantom0001"].position("thumb_tip").tolist()


def test_benchmark_in_folds_without_pictures(boneage, known, tmp_path):
    code, out, _ = boneage(
        "landmarks", "benchmark", known / "images", "--landmarks", known / "landmarks.csv", "--out", tmp_path,
        "--compare", "fast", "--folds", 2, "--no-pictures",
    )  # fmt: skip
    assert code == 0
    assert "2 rounds, 6 test images each; 12 different images, each tested once" in out
    assert "<img" not in (tmp_path / "report.html").read_text()
    assert not list((tmp_path / "rounds").glob("*.png"))


def test_votes_without_images_are_refused(boneage, new, localiser_file, tmp_path):
    code, _, err = boneage(
        "landmarks", "report", "--predicted", new / "landmarks.csv", "--truth", new / "landmarks.csv",
        "--out", tmp_path, "--model", localiser_file,
    )  # fmt: skip
    assert code == 2
    assert "give both" in err


def test_speed_reports_presets_and_peers(boneage, known, tmp_path, monkeypatch):
    monkeypatch.setattr("boneage.pipeline.speed_benchmark.run_apart", lambda _cache, _jobs, task, *a: task(*a))
    arguments = ("landmarks", "speed", known / "images", "--landmarks", known / "landmarks.csv", "--out", tmp_path)
    code, out, err = boneage(
        *arguments, "--presets", "paper", "--peers", "", "--train", 2, "--test", 1, "--passes", 1, "--jobs", 1
    )
    assert code == 0, err
    assert "command: boneage landmarks speed" in out
    assert {path.name for path in tmp_path.iterdir()} == {"speed.json", "speed.html", "speed.svg"}
    code, _, err = boneage(*arguments, "--peers", "weka")
    assert code != 0
    assert "got 'weka'" in err


def test_scaling_reports_every_sweep(boneage, tmp_path, monkeypatch):
    monkeypatch.setattr("boneage.pipeline.scaling.SWEEPS", {"landmarks": (2, 4)})
    monkeypatch.setattr(
        "boneage.pipeline.scaling.run_apart",
        lambda _cache, _jobs, task, preset, size, *a: task(preset, dataclasses.replace(size, images=3, height=300), *a),
    )
    code, out, _ = boneage("landmarks", "scaling", "--out", tmp_path, "--preset", "paper", "--jobs", 1)
    assert code == 0
    assert "phantom hands (synthetic)" in out
    assert (tmp_path / "scaling_landmarks.svg").is_file()
