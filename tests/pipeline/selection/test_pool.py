import os
import shutil

import numpy as np
import pytest

from boneage.imaging.errors import InvalidInput
from boneage.pipeline.data import load_collection
from boneage.pipeline.selection import read_pool


def test_copies_and_unreadable_files_are_left_out_and_named(difficult):
    pool = read_pool(difficult)
    assert pool.ids == tuple(f"phantom{number:04d}" for number in range(1, 7))
    assert pool.left_out["phantom_broken"].startswith("cannot be read: ")
    copies = {id_: why for id_, why in pool.left_out.items() if "copy" in id_}
    assert set(copies.values()) == {"the same picture as phantom0001"}
    assert len(copies) == 9


def test_an_annotated_copy_is_the_one_that_is_kept(difficult):
    pool = read_pool(difficult, annotated={"phantom0001_copy3", "phantom0005"})
    assert "phantom0001" not in pool.ids
    assert pool.left_out["phantom0001"] == "the same picture as phantom0001_copy3"
    assert [pool.ids[k] for k in pool.covered] == ["phantom0001_copy3", "phantom0005"]
    assert len(pool.candidates) == 4


def test_the_pool_is_the_same_for_any_number_of_processes(difficult):
    one, two = read_pool(difficult, jobs=1), read_pool(difficult, jobs=2)
    assert one.ids == two.ids
    assert dict(one.left_out) == dict(two.left_out)
    assert np.array_equal(one.features, two.features)


def test_ages_and_sexes_give_strata(known):
    collection = load_collection([known / "images"], ages=[known / "ages.csv"])
    assert all(" of " in stratum for stratum in read_pool(collection).strata)
    plain = load_collection([known / "images"])
    assert read_pool(plain).strata is None
    assert set(read_pool(plain, sexes={"phantom0001": "M"}).strata) == {"boys", "hands of unknown sex"}
    told = read_pool(collection, sexes={"phantom0001": "M"}, chronological_ages={"phantom0001": 30.0}).strata
    assert told[0] == "boys of 2 to 3 years"
    assert told[1:] == read_pool(collection).strata[1:]


def test_names_that_no_list_can_hold_are_left_out(known, tmp_path):
    names = ["one.png", "line\nend.png", "e\u0301t\u00e9 \u00a0.png"]
    for number, name in enumerate(names, start=1):
        shutil.copy(known / "images" / f"phantom{number:04d}.png", tmp_path / name)
    shutil.copy(known / "images" / "phantom0004.png", os.fsencode(tmp_path) + b"/bad\xff.png")
    pool = read_pool(load_collection([tmp_path]))
    assert set(pool.left_out) == {"line\nend", "bad\udcff"}
    assert all("rename it" in why for why in pool.left_out.values())
    assert len(pool.ids) == 2


def test_nothing_to_choose_from_is_told(difficult, tmp_path):
    with pytest.raises(InvalidInput, match="16, 15 are annotated already and 1 are left out, such as phantom_broken"):
        read_pool(difficult, annotated=set(difficult.ids))
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(InvalidInput, match="no picture is left"):
        read_pool(load_collection([tmp_path]))
