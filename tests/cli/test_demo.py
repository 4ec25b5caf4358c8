from boneage.cli import demo


def test_the_options_reach_the_demonstration(boneage, tmp_path, monkeypatch):
    asked = {}

    def demonstrate(out, **options):
        asked.update(options, out=out)
        options["report"]("reading hands", 1.0)
        return "the [report]"

    monkeypatch.setattr("boneage.evaluation.demonstration.demonstrate", demonstrate)
    code, out, err = boneage("demo", "--out", tmp_path, "--count", 9, "--test", 3, "--seed", 4, "--jobs", 1)
    assert code == 0
    assert out.strip() == "the [report]"
    assert "reading hands" in err
    assert {key: asked[key] for key in ("out", "count", "test", "seed", "jobs")} == {
        "out": tmp_path, "count": 9, "test": 3, "seed": 4, "jobs": 1,
    }  # fmt: skip
    assert boneage("demo", "--count", 3)[0] == 2
    assert demo.demo.__doc__
