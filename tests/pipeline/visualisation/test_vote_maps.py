import io

import numpy as np
import pytest

from boneage.imaging import Frame, Points, Scan, read_scan
from boneage.landmarks import VoteMap
from boneage.pipeline.pipeline import load_localiser
from boneage.pipeline.visualisation.overlay import draw_landmarks
from boneage.pipeline.visualisation.panels import HEIGHT
from boneage.pipeline.visualisation.vote_maps import draw_votes, pack_votes
from tests.volume_hands import draw_hand


def make_map(shape, value):
    return VoteMap(np.full(shape, value, np.float32), Frame.from_linear(2 * np.eye(len(shape)), np.arange(len(shape))))


def test_maps_come_back_from_their_file_without_pickle():
    packed = pack_votes(("a", "ü b"), [make_map((3, 4), 0.25), make_map((5, 2), 1.0)])
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        assert file["names"].tolist() == ["a", "ü b"]
        assert file["maps"].shape == (2, 5, 4)
        assert file["maps"].dtype == np.float16
        assert (file["maps"][0, :3] == 0.25).all()
        assert (file["maps"][0, 3:] == 0).all()
        assert Frame(file["to_map"][1]).apply([[1.0, 1.0]]).tolist() == [[2.0, 3.0]]


def test_a_hand_without_a_pose_and_a_volume_have_files_too():
    with np.load(io.BytesIO(pack_votes(("a", "b"), ()))) as file:
        assert (file["names"].shape, file["maps"].shape, file["to_map"].shape) == ((0,), (0, 0, 0), (0, 3, 3))
    with np.load(io.BytesIO(pack_votes(("a",), [make_map((2, 3, 4), 1.0)]))) as file:
        assert (file["maps"].shape, file["to_map"].shape) == ((1, 2, 3, 4), (1, 4, 4))
    with pytest.raises(ValueError, match="a map for each of 2 landmarks, got 1"):
        pack_votes(("a", "b"), [make_map((2, 2), 1.0)])


def test_the_picture_is_bright_where_the_votes_agree_and_grey_elsewhere(new, localiser_file):
    scan = read_scan(new / "images" / "phantom0001.png")
    found = load_localiser(localiser_file)[0].find(scan)
    points = found.points
    picture = np.asarray(draw_votes(scan, points, found.votes)).astype(int)
    coloured = np.ptp(picture, axis=2) > 30
    assert picture.shape[0] == HEIGHT
    zoom = HEIGHT / scan.pixels.shape[0]
    for place in points.positions[points.present] * zoom:
        row, column = np.round(place).astype(int)
        assert coloured[row - 12 : row + 13, column - 12 : column + 13].any()
    assert coloured.mean() < 0.4


def test_without_votes_the_hand_is_drawn_as_it_is():
    scan = Scan(np.random.default_rng(0).random((50, 30)))
    picture = draw_votes(scan, Points(("a",), [[np.nan, np.nan]]), ())
    assert (np.ptp(np.asarray(picture).astype(int), axis=2) == 0).all()


def test_a_volume_has_votes_over_its_projections_and_slices():
    scan, points = draw_hand(np.random.default_rng(0))
    pair = points.select(("capitate", "middle_tip"))
    votes = [VoteMap(np.ones((3, 3, 3), np.float32), Frame.from_linear(np.eye(3), 1 - p)) for p in pair.positions]
    picture = draw_votes(scan, pair, votes)
    assert picture.size == draw_landmarks(scan, pair).size
    assert (np.ptp(np.asarray(picture).astype(int), axis=2) > 60).sum() > 500
