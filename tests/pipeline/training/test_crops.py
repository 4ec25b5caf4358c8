import dataclasses
import shutil

import numpy as np
import pytest

from boneage.imaging import AgeRecord, Points, compute_mean_shape, read_landmarks
from boneage.imaging.errors import UnusableOutput
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import mean_shape_of
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import load_localiser
from boneage.pipeline.training.crops import CropBuilder, dataset_from_tables
from boneage.regression import HAND_SITES, CropSpec


@pytest.fixture(scope="module")
def localiser(localiser_file):
    return load_localiser(localiser_file)[0]


@pytest.fixture(scope="module")
def collection(known):
    whole = load_collection([known / "images"], landmarks=known / "landmarks.csv", ages=[known / "ages.csv"])
    return whole.subset(whole.ids[:3])


def prepare(collection, localiser=None, **others):
    return CropBuilder(collection, localiser, mean_shape_of(localiser), **others)


def test_regions_are_cut_at_what_is_found_or_at_what_is_annotated(collection, localiser):
    found = prepare(collection, localiser).with_crops(CropSpec(side=32))
    reference = compute_mean_shape(list(collection.landmarks.points.values()))
    annotated = CropBuilder(collection, None, reference, at_annotations=True).with_crops(CropSpec(side=32))
    assert found.ids == annotated.ids == tuple(collection.ids)
    assert found.phantoms == set(collection.ids)
    assert found.ages_months == tuple(collection.age(id_).boneage_months for id_ in collection.ids)
    assert min(found.seconds, annotated.seconds) > 0
    assert found.digest != annotated.digest
    for one, other in zip(found.inputs, annotated.inputs, strict=True):
        assert one.pixels.shape == (len(HAND_SITES), 32, 32)
        assert not np.array_equal(one.pixels, other.pixels)
        assert np.corrcoef(one.pixels.ravel(), other.pixels.ravel())[0, 1] > 0.9


def test_points_and_whole_images_and_nothing_are_labelled_too(collection, localiser):
    preparation = prepare(collection, localiser)
    points, whole, nothing = (
        preparation.with_landmarks(),
        preparation.with_crops(CropSpec("whole", 24)),
        (preparation.without_inputs()),
    )
    assert points.ids == whole.ids == nothing.ids == tuple(collection.ids)
    assert np.array_equal(points.inputs[1].positions, localiser.locate(collection.scan(points.ids[1])).positions)
    assert whole.inputs[0].names == ("whole",)
    assert list(nothing.inputs) == [None] * 3


def test_what_is_kept_is_not_done_again_and_what_changed_is(collection, localiser, known, tmp_path, monkeypatch):
    images = tmp_path / "images"
    images.mkdir()
    for id_ in collection.ids:
        shutil.copy2(known / "images" / f"{id_}.png", images)
    ages = {id_: collection.age(id_) for id_ in collection.ids}
    located = []
    locate = ForestLocaliser.locate

    def count(self, scan):
        located.append(scan.source)
        return locate(self, scan)

    monkeypatch.setattr(ForestLocaliser, "locate", count)

    def cut(kind="hand"):
        gathered = dataclasses.replace(load_collection([images]), ages=ages)
        return prepare(gathered, localiser, cache=tmp_path / "hands").with_crops(CropSpec(kind, 32))

    first = cut()
    assert sorted(located) == sorted(collection.ids)
    again = cut()
    regions = cut("regions")
    assert len(located) == 3, "neither the same hands nor another way of cutting them need the localiser again"
    assert np.array_equal(again.inputs[2].pixels, first.inputs[2].pixels)
    assert again.digest == first.digest != regions.digest
    shutil.copy(known / "images" / f"{collection.ids[0]}.png", images / f"{collection.ids[1]}.png")
    changed = cut()
    some = dataclasses.replace(load_collection([images]), ages={id_: ages[id_] for id_ in list(ages)[1:]})
    prepare(some, localiser, cache=tmp_path / "hands").with_landmarks()
    assert len(located) == 4, "only the changed file is read again"
    assert np.array_equal(changed.inputs[1].pixels, first.inputs[0].pixels)
    assert changed.digest != first.digest


def test_the_results_do_not_depend_on_the_number_of_processes(collection, monkeypatch):
    monkeypatch.setattr("boneage.pipeline.training.crops._CHUNK", 2)
    one, two = (prepare(collection, jobs=jobs).with_crops(CropSpec("whole", 32)) for jobs in (1, 2))
    assert one.ids == two.ids
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one.inputs, two.inputs, strict=True))


def test_hands_that_cannot_be_read_or_in_which_little_is_found_are_left_out_with_the_reason(
    collection, localiser, known, tmp_path, monkeypatch
):
    (tmp_path / "phantom0001.png").write_bytes((known / "images" / "phantom0001.png").read_bytes()[:4000])
    shutil.copy(known / "images" / "phantom0002.png", tmp_path)
    gathered = load_collection([tmp_path], ages=[known / "ages.csv"])
    locate = localiser.locate

    def see_nothing(scan):
        points = locate(scan)
        nowhere = np.full_like(points.positions, np.nan)
        return Points(points.names, nowhere, points.scores, ("score too low",) * len(points))

    monkeypatch.setattr(localiser, "locate", see_nothing)
    for hands in (prepare(gathered, localiser).with_crops(CropSpec()), prepare(gathered, localiser).with_landmarks()):
        assert hands.ids == ()
        assert [refusal.id for refusal in hands.refused] == ["phantom0001", "phantom0002"]
        assert hands.refused[0].reason
        assert "0 of 37 landmarks found" in hands.refused[1].reason
    whole = prepare(gathered).with_crops(CropSpec("whole"))
    assert whole.ids == ("phantom0002",)


def test_annotations_that_are_missing_are_told(collection, known, tmp_path):
    lines = (known / "landmarks.csv").read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join([lines[0], lines[1]]) + "\n")
    gathered = load_collection([known / "images"], landmarks=tmp_path / "some.csv", ages=[known / "ages.csv"]).subset(
        ["phantom0001", "phantom0002"]
    )
    reference = gathered.landmarks.points["phantom0001"]
    hands = CropBuilder(gathered, None, reference, at_annotations=True).with_landmarks()
    assert hands.ids == ("phantom0001",)
    assert hands.refused[0].reason == "it has no annotated landmarks"


def test_what_cannot_be_prepared_is_told(collection, known):
    with pytest.raises(ValueError, match=r"--localiser .* or --landmarks"):
        CropBuilder(collection).with_crops(CropSpec())
    with pytest.raises(ValueError, match="no image has a known age"):
        CropBuilder(load_collection([known / "images"])).without_inputs()


def test_a_damaged_file_of_the_cache_is_named(collection, tmp_path):
    CropBuilder(collection, cache=tmp_path).with_crops(CropSpec("whole", 16))
    file = next(tmp_path.iterdir())
    file.write_bytes(b"PK" + file.read_bytes()[50:])
    with pytest.raises(UnusableOutput, match=r"crop-.*\.npz: is damaged"):
        CropBuilder(collection, cache=tmp_path).with_crops(CropSpec("whole", 16))


def test_tables_alone_are_enough_for_points(known):
    table = read_landmarks(known / "landmarks.csv")
    ages = {"phantom0003": AgeRecord(90.0, "F"), "phantom0001": AgeRecord(80.0, None), "stranger": AgeRecord(1, "M")}
    hidden = table.points["phantom0001"].positions.copy()
    hidden[:30] = np.nan
    points = {**table.points, "phantom0001": Points(table.names, hidden)}
    hands = dataset_from_tables(dataclasses.replace(table, points=points), ages)
    assert (hands.ids, hands.ages_months, hands.sexes) == (("phantom0003",), (90.0,), ("F",))
    assert "7 of 37 landmarks found" in hands.refused[0].reason
    with pytest.raises(ValueError, match="none of its ids has a known age"):
        dataset_from_tables(table, {})
