import json

import pytest

pytestmark = pytest.mark.usefixtures("no_pose_search")


@pytest.fixture
def arguments(known, tmp_path):
    """A benchmark of three strategies on twelve phantoms, as small as can be."""
    return (
        "landmarks", "select-benchmark", known / "images", "--landmarks", known / "landmarks.csv", "--ages",
        known / "ages.csv", "--compare", "stratified,disagreement,oracle", "--start", 2, "--sizes", "4", "--cold", "2",
        "--test", 2, "--jobs", 1, "--out", tmp_path, "--reference", "ulna_styloid_tip:radius_styloid_tip=50mm",
    )  # fmt: skip


def test_the_benchmark_reports_and_goes_on_where_it_stopped(boneage, arguments, tmp_path):
    code, out, err = boneage(*arguments, "--repeats", 1)
    assert code == 0, err
    assert "4 of 4: repeat 0, cold, stratified: 2 hands" in err
    code, out, err = boneage(*arguments, "--repeats", 2)
    assert code == 0, err
    assert err.count(": repeat 0,") == 0
    assert err.count(": repeat 1,") == 4
    assert "2 paired repeats of 12 hands, all of them phantoms" in out
    assert "stratified" in out
    assert "less stratified's (95 %)" in out
    assert boneage(*arguments, "--repeats", 2)[1] == out
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert list(summary["growing"]) == ["stratified", "disagreement", "oracle"]
    assert list(summary["cold"]) == ["stratified"]
    assert summary["growing"]["oracle"]["sizes"] == [2, 4]
    runs = [json.loads(path.read_text())["rounds"] for path in sorted((tmp_path / "rounds").glob("growing-*-00.json"))]
    starts = {tuple(run["steps"][0]["ids"]) for run in runs}
    assert len(starts) == 1
    assert len({json.dumps(run["steps"][0]["distances"]) for run in runs}) == 1
    assert "<svg" in (tmp_path / "report.html").read_text()


def test_stratified_needs_ages_and_rounds_of_another_benchmark_are_refused(boneage, known, tmp_path):
    arguments = (
        "landmarks", "select-benchmark", known / "images", "--landmarks", known / "landmarks.csv", "--out", tmp_path,
        "--start", 2, "--sizes", "3", "--cold", "2", "--test", 2, "--repeats", 1, "--jobs", 1,
        "--reference", "ulna_styloid_tip:radius_styloid_tip=50mm",
    )  # fmt: skip
    code, _, err = boneage(*arguments)
    assert (code, "stratified needs ages (--ages)" in err) == (1, True)
    code, _, err = boneage(*arguments, "--compare", "random")
    assert code == 0, err
    code, out, err = boneage(*arguments, "--compare", "random", "--sizes", "")
    assert code == 0, err
    assert "chosen at once" in out
    assert "step by step" not in out
    code, _, err = boneage(*arguments, "--compare", "random", "--seed", 1)
    assert (code, "is a round of another benchmark" in err) == (1, True)
