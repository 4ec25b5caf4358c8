import json


def test_the_benchmark_of_ages_reports_and_goes_on_where_it_stopped(boneage, known, tmp_path):
    arguments = (
        "age", "select-benchmark", known / "images", "--ages", known / "ages.csv", "--compare", "stratified,age,oracle",
        "--start", 3, "--sizes", "5", "--cold", "2", "--test", 4, "--jobs", 1, "--out", tmp_path,
    )  # fmt: skip
    code, out, err = boneage(*arguments, "--repeats", 1)
    assert code == 0, err
    assert "4 of 4: repeat 0, cold, stratified: 2 hands" in err
    assert "errors in months" in out
    assert "1 paired repeats of 12 hands, all of them phantoms" in out
    code, _, err = boneage(*arguments, "--repeats", 2)
    assert (code, err.count(": repeat 0,"), err.count(": repeat 1,")) == (0, 0, 4)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert list(summary["growing"]) == ["stratified", "age", "oracle"]
    assert summary["unit"] == "months"


def test_too_few_hands_are_told_before_any_is_read(boneage, known, tmp_path):
    code, _, err = boneage("age", "select-benchmark", known / "images", "--ages", known / "ages.csv", "--out", tmp_path)
    assert (code, "needs 3700 annotated hands that can be read, there are 12" in err) == (1, True)


def test_the_first_hands_can_be_measured_later(boneage, known, tmp_path):
    arguments = (
        "age", "select-benchmark", known / "images", "--ages", known / "ages.csv", "--compare", "stratified,age",
        "--start", 3, "--sizes", "5", "--test", 4, "--repeats", 1, "--jobs", 1, "--out", tmp_path,
    )  # fmt: skip
    code, out, err = boneage(*arguments, "--cold", "")
    assert (code, "2 of 2: repeat 0, growing, age" in err, "The first hands" in out) == (0, True, False)
    code, out, err = boneage(*arguments, "--cold", "2")
    assert (code, "3 of 3: repeat 0, cold, stratified" in err, err.count("growing"), "The first hands" in out) == (
        0, True, 0, True,
    )  # fmt: skip
