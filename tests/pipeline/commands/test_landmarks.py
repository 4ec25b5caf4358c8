import dataclasses
import json

from PIL import Image


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
    code, out, _ = boneage("landmarks", "locate", new / "images", "--model", model, "--out", tmp_path / "out")
    assert code == 0
    assert "3 files: 3 ok" in out
    code, out, _ = boneage(
        "landmarks", "report", "--predicted", tmp_path / "out" / "landmarks.csv", "--truth", new / "landmarks.csv",
        "--out", tmp_path / "report", "--reference", "ulna_styloid_tip:radius_styloid_tip=50mm",
    )  # fmt: skip
    assert code == 0
    assert "all of them phantoms" in out
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
    assert "2 rounds, 3 test hands each" in out
    assert "all of them phantoms (synthetic)" in out
    rows = (tmp_path / "errors.csv").read_text().splitlines()
    assert rows[0] == "variant,round,id,landmark,error,score"
    assert len(rows) == 1 + 2 * 2 * 3 * 37
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert list(summary["variants"]) == ["fast", "fast, vote weight 1"]
    assert summary["variants"]["fast"]["overall"]["n"] == 2 * 3 * 37
    assert len(summary["variants"]["fast"]["rounds"]) == 2
    assert boneage(*arguments)[1] == out


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
