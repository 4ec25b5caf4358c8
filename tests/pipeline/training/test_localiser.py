import pytest

from boneage.landmarks import fast
from boneage.pipeline.data import load_collection
from boneage.pipeline.training.localiser import train_localiser


def test_an_unreadable_image_is_left_out_and_named(known, tmp_path):
    (tmp_path / "phantom0001.png").write_bytes((known / "images" / "phantom0001.png").read_bytes()[:4000])
    for k in (2, 3, 4):
        (tmp_path / f"phantom000{k}.png").write_bytes((known / "images" / f"phantom000{k}.png").read_bytes())
    collection = load_collection([tmp_path], landmarks=known / "landmarks.csv")
    localiser, summary, refused = train_localiser(collection, fast(), seed=3, jobs=1)
    assert summary["ids"] == ["phantom0002", "phantom0003", "phantom0004"]
    assert (summary["n_hands"], summary["n_phantoms"], summary["n_landmarks"], summary["seed"]) == (3, 3, 37, 3)
    assert [r.id for r in refused] == ["phantom0001"]
    assert refused[0].reason
    assert len(localiser.names_) == 37


def test_too_few_hands_are_an_error(known, tmp_path):
    (tmp_path / "phantom0001.png").write_bytes((known / "images" / "phantom0001.png").read_bytes())
    collection = load_collection([tmp_path], landmarks=known / "landmarks.csv")
    with pytest.raises(ValueError, match="at least 2 readable images with landmarks, got 1"):
        train_localiser(collection, fast(), seed=0, jobs=1)
