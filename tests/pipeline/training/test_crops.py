import dataclasses
import os
import shutil

import numpy as np
import pytest

from boneage.imaging import AgeRecord, Points, compute_mean_shape, read_landmarks
from boneage.imaging.errors import InvalidTable, UnusableOutput
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.data import load_collection
from boneage.pipeline.located_hand import HandLandmarks, mean_shape_of
from boneage.pipeline.pipeline import load_localiser
from boneage.pipeline.training import crop_cache
from boneage.pipeline.training.crops import CropBuilder, build_dataset_from_tables
from boneage.regression import HAND_SITES, CropSpec


@pytest.fixture(scope="module")
def localiser(localiser_file):
    return load_localiser(localiser_file)[0]


@pytest.fixture(scope="module")
def collection(known):
    whole = load_collection([known / "images"], landmarks=known / "landmarks.csv", ages=[known / "ages.csv"])
    return whole.subset(whole.ids[:3])


def make_builder(collection, localiser=None, **others):
    return CropBuilder(collection, localiser, mean_shape_of(localiser), **others)


def test_regions_are_cropped_at_located_or_at_annotated_landmarks(collection, localiser):
    found = make_builder(collection, localiser).build_crops(CropSpec(side=32))
    reference = compute_mean_shape(list(collection.landmarks.points.values()))
    annotated = CropBuilder(collection, None, reference, at_annotations=True).build_crops(CropSpec(side=32))
    assert found.ids == annotated.ids == tuple(collection.ids)
    assert found.phantoms == set(collection.ids)
    assert found.ages_months == tuple(collection.age(id_).boneage_months for id_ in collection.ids)
    assert min(found.seconds, annotated.seconds) > 0
    assert found.digest != annotated.digest
    for one, other in zip(found.inputs, annotated.inputs, strict=True):
        assert one.pixels.shape == (len(HAND_SITES), 32, 32)
        assert not np.array_equal(one.pixels, other.pixels)
        assert np.corrcoef(one.pixels.ravel(), other.pixels.ravel())[0, 1] > 0.9


def test_landmarks_whole_images_and_labels_alone_are_built_too(collection, localiser):
    builder = make_builder(collection, localiser)
    points, whole, labels = builder.build_landmarks(), builder.build_crops(CropSpec("whole", 24)), builder.load_labels()
    assert points.ids == whole.ids == labels.ids == tuple(collection.ids)
    assert np.array_equal(points.inputs[1].positions, localiser.locate(collection.scan(points.ids[1])).positions)
    assert whole.inputs[0].names == ("whole",)
    assert list(labels.inputs) == [None] * 3


def test_stored_hands_are_not_located_again_and_changed_files_are(collection, localiser, known, tmp_path, monkeypatch):
    images, copied = tmp_path / "images", tmp_path / "copied"
    images.mkdir()
    for id_ in collection.ids:
        shutil.copy2(known / "images" / f"{id_}.png", images)
    shutil.copytree(images, copied)
    for path in copied.iterdir():
        os.utime(path, ns=(0, 0))
    ages = {id_: collection.age(id_) for id_ in collection.ids}
    located = []
    find = ForestLocaliser.find

    def count(self, scan):
        located.append(scan.source)
        return find(self, scan)

    monkeypatch.setattr(ForestLocaliser, "find", count)

    def crop(kind="hand", folder=images):
        joined = dataclasses.replace(load_collection([folder]), ages=ages)
        return make_builder(joined, localiser, cache=tmp_path / "hands").build_crops(CropSpec(kind, 32))

    first = crop()
    assert sorted(located) == sorted(collection.ids)
    again = crop()
    moved = crop(folder=copied)
    regions = crop("regions")
    assert len(located) == 3, "neither the same hands, nor a copy of them, nor another way of cropping locates again"
    assert np.array_equal(again.inputs[2].pixels, first.inputs[2].pixels)
    assert again.digest == moved.digest == first.digest != regions.digest
    shutil.copy(known / "images" / f"{collection.ids[0]}.png", images / f"{collection.ids[1]}.png")
    changed = crop()
    fewer = dataclasses.replace(load_collection([images]), ages={id_: ages[id_] for id_ in list(ages)[1:]})
    make_builder(fewer, localiser, cache=tmp_path / "hands").build_landmarks()
    assert len(located) == 4, "only the changed file is read again"
    assert np.array_equal(changed.inputs[1].pixels, first.inputs[0].pixels)
    assert changed.digest != first.digest


def test_the_results_do_not_depend_on_the_number_of_processes(collection, monkeypatch):
    monkeypatch.setattr("boneage.pipeline.training.crop_cache._CHUNK", 2)
    one, two = (make_builder(collection, jobs=jobs).build_crops(CropSpec("whole", 32)) for jobs in (1, 2))
    assert one.ids == two.ids
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one.inputs, two.inputs, strict=True))


def test_unreadable_hands_and_those_with_few_landmarks_found_are_left_out_with_the_reason(
    collection, localiser, known, tmp_path, monkeypatch
):
    (tmp_path / "phantom0001.png").write_bytes((known / "images" / "phantom0001.png").read_bytes()[:4000])
    shutil.copy(known / "images" / "phantom0002.png", tmp_path)
    joined = load_collection([tmp_path], ages=[known / "ages.csv"])
    find = localiser.find

    def find_none(scan):
        found = find(scan)
        points = found.points
        absent = np.full_like(points.positions, np.nan)
        none = Points(points.names, absent, points.scores, ("score too low",) * len(points))
        return dataclasses.replace(found, points=none)

    monkeypatch.setattr(localiser, "find", find_none)
    for hands in (
        make_builder(joined, localiser).build_crops(CropSpec()),
        make_builder(joined, localiser).build_landmarks(),
    ):
        assert hands.ids == ()
        assert [hand.id for hand in hands.excluded] == ["phantom0001", "phantom0002"]
        assert hands.excluded[0].reason
        assert "0 of 37 landmarks found" in hands.excluded[1].reason
    whole = make_builder(joined).build_crops(CropSpec("whole"))
    assert whole.ids == ("phantom0002",)


def test_a_table_of_fewer_landmarks_than_the_localisers_is_aligned_by_those_in_common(collection, localiser):
    table = collection.landmarks
    names = table.names[:2:-1]  # in another order, without three

    def crop(kind, names):
        points = {id_: hand.select(names) for id_, hand in table.points.items()}
        joined = dataclasses.replace(collection, landmarks=dataclasses.replace(table, names=names, points=points))
        return make_builder(joined, localiser, at_annotations=True).build_crops(CropSpec(kind, 32))

    for one, other in zip(crop("hand", names).inputs, crop("hand", table.names).inputs, strict=True):
        assert np.abs(one.pixels - other.pixels).mean() < 0.02
        assert one.frames[0].matrix == pytest.approx(other.frames[0].matrix, rel=0.05, abs=1.0)


def test_a_table_of_other_landmarks_than_the_localisers_is_refused(collection, localiser):
    table = collection.landmarks
    names = tuple(f"my {name}" for name in table.names)
    points = {id_: dataclasses.replace(hand, names=names) for id_, hand in table.points.items()}
    joined = dataclasses.replace(collection, landmarks=dataclasses.replace(table, names=names, points=points))
    builder = make_builder(joined, localiser, at_annotations=True)
    with pytest.raises(InvalidTable, match=r"landmarks\.csv: has fewer than 3 of the landmarks by which hands are"):
        builder.build_crops(CropSpec("hand", 32))
    assert builder.build_landmarks().inputs[0].names == names, "landmarks alone are aligned by themselves"


def test_annotated_volumes_and_a_localiser_of_radiographs_do_not_go_together(phantom_volumes, localiser):
    volumes = load_collection(
        [phantom_volumes / "images"], landmarks=phantom_volumes / "landmarks.csv", ages=[phantom_volumes / "ages.csv"]
    )
    with pytest.raises(InvalidTable, match="has landmarks of 3 axes, and the localiser's have 2"):
        make_builder(volumes, localiser, at_annotations=True).build_landmarks()


def test_missing_annotations_are_named(collection, known, tmp_path):
    lines = (known / "landmarks.csv").read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join([lines[0], lines[1]]) + "\n")
    joined = load_collection([known / "images"], landmarks=tmp_path / "some.csv", ages=[known / "ages.csv"]).subset(
        ["phantom0001", "phantom0002"]
    )
    reference = joined.landmarks.points["phantom0001"]
    hands = CropBuilder(joined, None, reference, at_annotations=True).build_landmarks()
    assert hands.ids == ("phantom0001",)
    assert hands.excluded[0].reason == "it has no annotated landmarks"


def test_a_table_with_x_and_y_swapped_is_refused_before_a_hand_is_cropped(known, localiser):
    whole = load_collection([known / "images"], landmarks=known / "landmarks.csv", ages=[known / "ages.csv"])
    table = whole.landmarks
    swapped = {id_: Points(p.names, p.positions[:, ::-1]) for id_, p in table.points.items()}
    collection = dataclasses.replace(whole, landmarks=dataclasses.replace(table, points=swapped))
    builder = make_builder(collection, localiser, at_annotations=True)
    with pytest.raises(InvalidTable, match=r"landmarks\.csv: in .* images .*: are x and y swapped\?"):
        builder.build_crops(CropSpec(side=32))
    assert make_builder(whole.subset(whole.ids[:1]), localiser, at_annotations=True).build_crops(CropSpec(side=32)).ids


def test_builders_that_lack_landmarks_or_ages_say_so(collection, known):
    with pytest.raises(ValueError, match=r"--localiser .* or --landmarks"):
        CropBuilder(collection).build_crops(CropSpec())
    with pytest.raises(ValueError, match="no image has a known age"):
        CropBuilder(load_collection([known / "images"])).load_labels()


def test_other_code_locates_and_crops_again_into_the_same_folder(collection, localiser, tmp_path, monkeypatch):
    located = []
    find = ForestLocaliser.find
    monkeypatch.setattr(ForestLocaliser, "find", lambda self, scan: located.append(scan.source) or find(self, scan))
    first = make_builder(collection, localiser, cache=tmp_path).build_crops(CropSpec("hand", 32))
    n_files = len(list(tmp_path.iterdir()))
    monkeypatch.setattr(crop_cache, "compute_code_version", lambda: "other")
    again = make_builder(collection, localiser, cache=tmp_path).build_crops(CropSpec("hand", 32))
    assert len(located) == 2 * len(collection)
    assert len(list(tmp_path.iterdir())) == 2 * n_files
    assert again.digest == first.digest, "the digest names files and settings, not the code"


def test_the_digest_rests_on_ages_but_not_on_which_hands_are_left_out(collection, localiser, monkeypatch):
    first = make_builder(collection, localiser).build_landmarks()
    older = {id_: AgeRecord(record.boneage_months + 1, record.sex) for id_, record in collection.ages.items()}
    changed = make_builder(dataclasses.replace(collection, ages=older), localiser).build_landmarks()
    assert changed.digest != first.digest
    monkeypatch.setattr("boneage.pipeline.training.crop_steps.locate_hand", lambda *_: HandLandmarks(None, fault="no"))
    fewer = make_builder(collection, localiser).build_landmarks()
    assert (fewer.ids, fewer.digest) == ((), first.digest)


def test_a_damaged_file_of_the_cache_is_named(collection, tmp_path):
    CropBuilder(collection, cache=tmp_path).build_crops(CropSpec("whole", 16))
    file = next(tmp_path.iterdir())
    file.write_bytes(b"PK" + file.read_bytes()[50:])
    with pytest.raises(UnusableOutput, match=r"crop-.*\.npz: is damaged"):
        CropBuilder(collection, cache=tmp_path).build_crops(CropSpec("whole", 16))


def test_tables_alone_are_enough_for_points(known):
    table = read_landmarks(known / "landmarks.csv")
    ages = {"phantom0003": AgeRecord(90.0, "F"), "phantom0001": AgeRecord(80.0, None), "stranger": AgeRecord(1, "M")}
    hidden = table.points["phantom0001"].positions.copy()
    hidden[:30] = np.nan
    points = {**table.points, "phantom0001": Points(table.names, hidden)}
    hands = build_dataset_from_tables(dataclasses.replace(table, points=points), ages)
    assert (hands.ids, hands.ages_months, hands.sexes) == (("phantom0003",), (90.0,), ("F",))
    assert "7 of 37 landmarks found" in hands.excluded[0].reason
    with pytest.raises(ValueError, match="none of its ids has a known age"):
        build_dataset_from_tables(table, {})
