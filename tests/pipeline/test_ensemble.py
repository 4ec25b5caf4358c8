import dataclasses

import pytest

from boneage.imaging import read_scan
from boneage.imaging.errors import InvalidModelFile
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.ensemble import join_pipelines
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.model_file import load_model, save_model


@pytest.fixture(scope="module")
def scan(new):
    return read_scan(new / "images" / "phantom0001.png")


@pytest.fixture(scope="module")
def pair(hand_model_file, model_file):
    """The two models joined, saved and loaded by nobody yet."""
    return join_pipelines([hand_model_file, model_file])


@pytest.fixture
def retell(model_file, tmp_path):
    """Write a copy of the model that says other things of what it has learnt from."""

    def write(name, **age):
        pipeline = dataclasses.replace(BoneAgePipeline.load(model_file), summary={"localiser": {"n": 1}, "age": age})
        pipeline.save(tmp_path / name)
        return tmp_path / name

    return write


def test_the_age_is_the_mean_of_theirs(pair, hand_model_file, model_file, scan):
    ages = [BoneAgePipeline.load(path).assess(scan, sex="F").estimate.months for path in (hand_model_file, model_file)]
    assert abs(ages[0] - ages[1]) > 0.1
    assert pair.assess(scan, sex="F").estimate.months == sum(ages) / 2
    assert pair.region_names[0] == "hand"


def test_a_model_joined_with_itself_says_the_same(model_file, pipeline, scan):
    one, twice = pipeline.assess(scan, sex="F"), join_pipelines([model_file, model_file]).assess(scan, sex="F")
    assert twice.estimate.months == one.estimate.months
    assert twice.estimate.region_weights == one.estimate.region_weights
    assert twice.status == one.status


def test_joined_models_can_be_joined_again_and_every_age_model_counts_the_same(
    pair, hand_model_file, model_file, scan, tmp_path
):
    pair.save(tmp_path / "pair.boneage")
    three = join_pipelines([tmp_path / "pair.boneage", model_file])
    assert [age_model.crop_spec for age_model in three.age_models] == [
        age_model.crop_spec for age_model in (*pair.age_models, pair.age_models[1])
    ]
    hand, bones = (
        dataclasses.replace(pair, age_models=(age_model,)).assess(scan, sex="F").estimate
        for age_model in pair.age_models
    )
    months = three.assess(scan, sex="F").estimate.months
    assert months == pytest.approx((hand.months + 2 * bones.months) / 3)
    names = [part["model"] for part in three.summary["age"]["joined"]]
    assert [name.split(" ")[0] for name in names] == [hand_model_file.name, model_file.name, model_file.name]
    assert three.trained_ids == pair.trained_ids


def test_the_summary_tells_what_each_part_has_learnt_from_and_equal_ids_once(pair, model_file, hand_model_file):
    summary = pair.summary["age"]
    ids = BoneAgePipeline.load(model_file).summary["age"]["ids"]
    assert (summary["n_hands"], summary["n_phantoms"], summary["ids"]) == (12, 12, ids)
    assert summary["joined"] == [
        {"model": BoneAgePipeline.load(path).name, "n_hands": 12, "n_phantoms": 12, "seed": 0}
        for path in (hand_model_file, model_file)
    ]
    assert pair.summary["localiser"] == BoneAgePipeline.load(model_file).summary["localiser"]
    assert pair.trained_ids == set(ids)


def test_ids_are_those_of_all_parts_and_kept_apart_where_they_differ(retell, tmp_path):
    before = {"model": "x", "ids": ["d"], "n_hands": 1}
    first = retell("first.boneage", ids=["a", "b"], n_hands=2, n_phantoms=0, started_from=before)
    second = retell("second.boneage", ids=["c", "b"], n_hands=9, n_phantoms=1)
    pipeline = join_pipelines([first, second])
    summary = pipeline.summary["age"]
    assert (summary["ids"], summary["n_hands"], summary["n_phantoms"]) == (["a", "b", "c"], 9, 1)
    assert [part.get("ids") for part in summary["joined"]] == [["a", "b"], ["c", "b"]]
    assert summary["joined"][0]["started_from"] == before
    assert pipeline.trained_ids == set("abcd")
    pipeline.save(tmp_path / "two.boneage")
    third = retell("third.boneage", ids=["c", "b", "a", "e"], n_hands=4, n_phantoms=0)
    last = join_pipelines([tmp_path / "two.boneage", third])
    assert last.summary["age"]["ids"] == ["a", "b", "c", "e"]
    assert [part.get("ids") for part in last.summary["age"]["joined"]] == [["a", "b"], ["c", "b"], None]
    assert last.trained_ids == set("abcde")


def test_what_left_its_ids_out_has_them_back_where_they_are_no_longer_all(retell, tmp_path):
    same = [retell(f"{name}.boneage", ids=["a", "b"], n_hands=2) for name in ("first", "second")]
    join_pipelines(same).save(tmp_path / "same.boneage")
    last = join_pipelines([tmp_path / "same.boneage", retell("other.boneage", ids=["c"], n_hands=1)])
    assert [part.get("ids") for part in last.summary["age"]["joined"]] == [["a", "b"], ["a", "b"], ["c"]]


def test_what_is_joined_survives_its_file(pair, scan, tmp_path):
    pair.save(tmp_path / "pair.boneage")
    again = BoneAgePipeline.load(tmp_path / "pair.boneage")
    assert again.summary == pair.summary
    assert again.assess(scan, sex="F").estimate == pair.assess(scan, sex="F").estimate


def test_a_joined_file_that_was_changed_is_refused(pair, tmp_path):
    path = tmp_path / "pair.boneage"
    pair.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InvalidModelFile, match="is damaged"):
        join_pipelines([path, path])


def test_age_models_that_changed_places_are_refused(pair, tmp_path):
    pair.save(tmp_path / "pair.boneage")
    model = load_model(tmp_path / "pair.boneage")
    settings = {**model.settings, "age_models": model.settings["age_models"][::-1]}
    save_model(tmp_path / "odd.boneage", dataclasses.replace(model, settings=settings))
    with pytest.raises(InvalidModelFile, match=r"odd\.boneage: its contents do not fit together"):
        BoneAgePipeline.load(tmp_path / "odd.boneage")


def test_models_of_different_localisers_are_refused(model_file, pipeline, tmp_path):
    settings, arrays = pipeline.localiser.to_state()
    arrays["mean_shape"] = arrays["mean_shape"] + 1e-6
    other = ForestLocaliser.from_state(settings, arrays)
    dataclasses.replace(pipeline, localiser=other).save(tmp_path / "other.boneage")
    with pytest.raises(InvalidModelFile, match=r"other\.boneage: has another localiser than .*model\.boneage"):
        join_pipelines([model_file, tmp_path / "other.boneage"])


def test_a_model_with_a_localiser_and_one_without_are_refused(model_file, whole_model_file):
    for paths in ([model_file, whole_model_file], [whole_model_file, model_file]):
        with pytest.raises(
            InvalidModelFile, match=r"whole\.boneage has no localiser, but .*model\.boneage has one"
        ) as summary:
            join_pipelines(paths)
        assert summary.value.path == paths[1]
    assert len(join_pipelines([whole_model_file, whole_model_file]).age_models) == 2


def test_models_of_radiographs_and_of_volumes_are_refused(model_file, volume_model_file):
    with pytest.raises(
        InvalidModelFile, match=r"volume\.boneage: reads volumes \(MR\), but .*model\.boneage radiographs"
    ):
        join_pipelines([model_file, volume_model_file])


def test_less_than_two_and_what_is_no_age_model_are_refused(model_file, localiser_file):
    for paths in ([], [model_file]):
        with pytest.raises(ValueError, match=f"at least two age models can be joined, got {len(paths)}"):
            join_pipelines(paths)
    with pytest.raises(InvalidModelFile, match=r"localiser\.boneage: .*'pipeline' is needed"):
        join_pipelines([model_file, localiser_file])
