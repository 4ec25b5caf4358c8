import dataclasses


def test_speed_reports_presets_and_peers(boneage, known, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "boneage.evaluation.benchmarks.speed.benchmark.run_apart", lambda _cache, _jobs, task, *a: task(*a)
    )
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
    monkeypatch.setattr("boneage.evaluation.benchmarks.speed.scaling.SWEEPS", {"landmarks": (2, 4)})
    monkeypatch.setattr(
        "boneage.evaluation.benchmarks.speed.scaling.run_apart",
        lambda _cache, _jobs, task, preset, size, *a: task(preset, dataclasses.replace(size, images=3, height=300), *a),
    )
    code, out, _ = boneage("landmarks", "scaling", "--out", tmp_path, "--preset", "paper", "--jobs", 1)
    assert code == 0
    assert "phantom hands (synthetic)" in out
    assert (tmp_path / "scaling_landmarks.svg").is_file()
