from collections import Counter

import numpy as np
import pytest

from boneage.imaging import read_scan
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


@pytest.fixture
def decoded(monkeypatch):
    """How often each file is decoded."""
    counts = Counter()

    def count(path, size=None):
        counts[path.name] += 1
        return read_scan(path, size)

    monkeypatch.setattr("boneage.imaging.collection.read_scan", count)
    return counts


def load_four(known):
    whole = load_collection([known / "images"], landmarks=known / "landmarks.csv")
    return whole.subset(whole.ids[:4])


def test_each_file_is_decoded_once(known, decoded):
    train_localiser(load_four(known), fast(), seed=0, jobs=2)
    assert set(decoded.values()) == {1}
    assert len(decoded) == 4


def test_files_are_decoded_once_where_their_bytes_fit_though_their_floats_do_not(known, decoded, monkeypatch):
    size = load_four(known).scan("phantom0001").pixels.size
    decoded.clear()
    monkeypatch.setattr("boneage.imaging.scan_cache._BYTES", 4 * size)
    train_localiser(load_four(known), fast(), seed=0, jobs=2)
    assert set(decoded.values()) == {1}


def test_a_set_larger_than_memory_trains_the_same_localiser(known, decoded, monkeypatch):
    settings = fast()
    one = train_localiser(load_four(known), settings, seed=0, jobs=2)[0].to_state()[1]
    decoded.clear()
    monkeypatch.setattr("boneage.imaging.scan_cache._BYTES", 1)
    other = train_localiser(load_four(known), settings, seed=0, jobs=2)[0].to_state()[1]
    assert max(decoded.values()) > 1
    assert all(np.array_equal(one[name], other[name]) for name in one)
