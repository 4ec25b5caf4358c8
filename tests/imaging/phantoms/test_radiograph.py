import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.imaging.phantoms.growth import Stage
from boneage.imaging.phantoms.pose import PlacedBone, PlacedOval, draw_skeleton
from boneage.imaging.phantoms.radiograph import Film, add_long_bone, add_oval, draw_flesh, expose

# 4 pixels a mm; x to the right, y upwards, the origin in the middle of the bottom row.
TO_FILM = Frame.from_linear(np.array([[0.0, -4.0], [4.0, 0.0]]), (399.0, 200.0))
BONE = PlacedBone(
    "pp2", np.array([0.0, 20.0]), np.array([0.0, 1.0]), 40.0, 8.0, 14.0, 10.0, 5.0, False, Stage(1.0, 0.0)
)  # fmt: skip


def make_film():
    return Film((400, 401), TO_FILM)


def absorption_at(film, x, y):
    row, column = TO_FILM.apply([[x, y]])[0].round().astype(int)
    return film.absorption[row, column]


def test_a_long_bone_absorbs_where_it_lies_and_nowhere_else():
    film = make_film()
    add_long_bone(film, BONE)
    assert absorption_at(film, 0, 40) > 0.05
    assert absorption_at(film, 2.5, 40) > absorption_at(film, 0, 40)  # cortex is denser than marrow
    assert absorption_at(film, 12, 40) == absorption_at(film, 0, 70) == absorption_at(film, 0, 5) == 0


def test_an_open_growth_plate_is_a_gap_and_a_closed_one_is_not():
    film, closed = make_film(), make_film()
    add_long_bone(film, BONE)
    add_long_bone(closed, dataclasses.replace(BONE, stage=Stage(1.0, 1.0)))
    profile = [absorption_at(film, 0, y) for y in np.arange(21, 30, 0.25)]
    assert min(profile[4:24]) < 0.2 * max(profile[:16])
    assert absorption_at(closed, 0, 20 + BONE.plate) > absorption_at(film, 0, 20 + BONE.plate)


def test_a_carpal_grows_with_its_stage_and_is_absent_before():
    areas = []
    for size in (0.0, 0.4, 1.0):
        film = make_film()
        add_oval(film, PlacedOval("capitate", np.array([0.0, 50.0]), 11.0, 7.0, 0.3, Stage(size, 0.0)))
        areas.append(np.count_nonzero(film.absorption))
    assert areas[0] == 0
    assert areas[2] / areas[1] == pytest.approx(1 / 0.4**2, rel=0.15)


def test_a_bone_outside_the_film_leaves_it_empty():
    film = make_film()
    add_long_bone(film, dataclasses.replace(BONE, start=np.array([500.0, 500.0])))
    assert not film.absorption.any()


def test_flesh_covers_the_bones_and_ends_in_air():
    skeleton = draw_skeleton(np.random.default_rng(2), "F", 120.0)
    film = Film((500, 400), Frame.from_linear(np.array([[0.0, -2.2], [2.2, 0.0]]), (420.0, 200.0)))
    flesh = draw_flesh(film, skeleton)
    rows, columns = film.to_film.apply([bones[1].start for bones in skeleton.rays.values()]).round().astype(int).T
    assert flesh[rows, columns].min() > 0.2
    assert flesh[0].max() < 0.01
    assert 0 <= flesh.min() < flesh.max() <= 1.001


def test_more_absorption_is_brighter_and_grey_values_stay_in_range():
    bone = np.zeros((60, 80), np.float32)
    bone[20:40, 30:50] = 1
    film = expose(np.random.default_rng(0), bone, np.ones_like(bone))
    assert film.shape == bone.shape
    assert film[25:35, 35:45].mean() > film[:15].mean() + 20
    assert film.min() >= 0
    assert film.max() <= 255
