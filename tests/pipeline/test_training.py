import numpy as np
import pytest

from boneage.imaging import Collection, Points, read_landmarks
from boneage.landmarks import ForestLocaliser, fast
from boneage.pipeline.bone_age import load_localiser
from boneage.pipeline.gathering import gather
from boneage.pipeline.training import label_regions, train_localiser
from boneage.regression import HAND_SITES


def test_an_unreadable_image_is_left_out_and_named(known, tmp_path):
    (tmp_path / "phantom0001.png").write_bytes((known / "images" / "phantom0001.png").read_bytes()[:4000])
    for k in (2, 3, 4):
        (tmp_path / f"phantom000{k}.png").write_bytes((known / "images" / f"phantom000{k}.png").read_bytes())
    collection = gather([tmp_path], landmarks=known / "landmarks.csv")
    localiser, summary, refused = train_localiser(collection, fast(), seed=3, jobs=1)
    assert summary["ids"] == ["phantom0002", "phantom0003", "phantom0004"]
    assert (summary["n_hands"], summary["n_phantoms"], summary["n_landmarks"], summary["seed"]) == (3, 3, 37, 3)
    assert [r.id for r in refused] == ["phantom0001"]
    assert refused[0].reason
    assert len(localiser.names_) == 37


def test_too_few_hands_are_an_error(known, tmp_path):
    (tmp_path / "phantom0001.png").write_bytes((known / "images" / "phantom0001.png").read_bytes())
    collection = gather([tmp_path], landmarks=known / "landmarks.csv")
    with pytest.raises(ValueError, match="at least 2 readable images with landmarks, got 1"):
        train_localiser(collection, fast(), seed=0, jobs=1)


def test_regions_are_cut_at_what_is_found_or_at_what_is_annotated(known, localiser_file):
    collection = gather([known / "images"], landmarks=known / "landmarks.csv", ages=[known / "ages.csv"])
    collection = collection.subset(collection.ids[:3])
    localiser = load_localiser(localiser_file)[0]
    found = label_regions(collection, localiser, HAND_SITES, 32)
    annotated = label_regions(collection, localiser, HAND_SITES, 32, at_annotations=True)
    assert found.ids == annotated.ids == tuple(collection.ids)
    assert found.n_phantoms == 3
    assert found.ages_months == tuple(collection.age(id_).boneage_months for id_ in collection.ids)
    for one, other in zip(found.stacks, annotated.stacks, strict=True):
        assert one.pixels.shape == (len(HAND_SITES), 32, 32)
        assert not np.array_equal(one.pixels, other.pixels)
        assert np.corrcoef(one.pixels.ravel(), other.pixels.ravel())[0, 1] > 0.9


def test_hands_in_which_little_is_found_are_left_out_with_the_reason(known, localiser_file, monkeypatch):
    collection = gather([known / "images"], ages=[known / "ages.csv"])
    collection = collection.subset(collection.ids[:2])
    localiser = load_localiser(localiser_file)[0]

    def see_nothing(scan):
        points = ForestLocaliser.locate(localiser, scan)
        nowhere = np.full_like(points.positions, np.nan)
        return Points(points.names, nowhere, points.scores, ("score too low",) * len(points))

    monkeypatch.setattr(localiser, "locate", see_nothing)
    regions = label_regions(collection, localiser, HAND_SITES, 32)
    assert regions.ids == ()
    assert [r.id for r in regions.refused] == list(collection.ids)
    assert "0 of 37 landmarks found" in regions.refused[0].reason


def test_a_hand_without_an_age_is_not_labelled(known, localiser_file):
    collection = Collection.from_folders([known / "images"], landmarks=read_landmarks(known / "landmarks.csv"))
    regions = label_regions(collection, load_localiser(localiser_file)[0], HAND_SITES, 32, at_annotations=True)
    assert regions.ids == ()
    assert regions.refused == ()
