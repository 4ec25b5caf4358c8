from boneage.cli import demo


def test_the_options_reach_the_demonstration_and_its_two_steps_are_printed(boneage, tmp_path, monkeypatch):
    asked = {}

    class Demonstration:
        def __init__(self, out, **options):
            asked.update(options, out=out)

        def read_with_shipped_model(self, report):
            report("reading hands", 1.0)
            return "the [table]"

        def train_and_read(self, report):
            report("age model", 1.0)
            return "the [errors]"

    monkeypatch.setattr("boneage.evaluation.demonstration.Demonstration", Demonstration)
    code, out, err = boneage("demo", "--out", tmp_path, "--count", 9, "--test", 3, "--seed", 4, "--jobs", 1)
    assert code == 0
    assert out.split("\n\n") == ["\nthe [table]", "\nthe [errors]", ""]
    assert "reading hands" in err
    assert "age model" in err
    assert asked == {"out": tmp_path, "count": 9, "test": 3, "seed": 4, "jobs": 1}
    assert boneage("demo", "--count", 3)[0] == 2
    assert demo.demo.__doc__
