import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.landmarks import ForestLocaliser, change_stages
from boneage.landmarks.pose_search import _select_distinct, _spread, _window_centres, propose_pose
from boneage.landmarks.similarity import rotation
from tests.landmarks.conftest import draw_scene


@pytest.fixture(scope="module")
def finder(scenes, tiny_settings):
    """A finder that has learnt the scenes, for quarter turns, two sizes and the mirror image."""
    settings = dataclasses.replace(
        tiny_settings,
        first_scales=(1.0, 0.75),
        first_rotations_rad=tuple(np.arange(4) * np.pi / 2),
        first_mirrored=True,
    )
    localiser = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))
    return localiser._pose_search, localiser.mean_shape_, localiser.convincing_support_


def blind(hypothesis):
    """Nothing is ever seen from close by."""
    return 0.0


def off_by(pose, points, mean_shape):
    return np.linalg.norm(pose.apply(points.positions) - mean_shape, axis=1).mean()


def test_a_guess_puts_the_usual_place_at_the_middle_in_the_usual_size():
    scan = Scan(np.zeros((100, 60)))
    pose = propose_pose(scan, 0.5, np.array([0.1, 0.0]))
    assert pose.apply([[60.0, 30.0]]) == pytest.approx(np.zeros((1, 2)))
    assert pose.apply([[110.0, 30.0]]) == pytest.approx(np.array([[1.0, 0.0]]))
    turned = propose_pose(scan, 0.5, np.zeros(2), rotation(math.pi / 2, 2))
    assert turned.apply([[100.0, 30.0]]) == pytest.approx(np.array([[0.0, 1.0]]))
    mirrored = propose_pose(scan, 0.5, np.zeros(2), np.diag([1.0, -1.0]))
    assert mirrored.apply([[50.0, 80.0]]) == pytest.approx(np.array([[0.0, -1.0]]))
    assert np.linalg.det(mirrored.matrix) < 0


def test_a_guess_heeds_the_pixels_proportions():
    pose = propose_pose(Scan(np.zeros((100, 50)), spacing=(1.0, 2.0)), 1.0, np.zeros(2))
    assert pose.apply([[100.0, 50.0]]) == pytest.approx(np.array([[0.5, 0.5]]))


def test_the_upright_pose_and_its_mirror_image_are_found(finder, scenes):
    scan, points = scenes[1][0]
    (upright, *_), (mirrored, *_) = finder[0].propose_upright(scan)
    assert off_by(upright, points, finder[1]) < 0.06
    assert np.linalg.det(upright.matrix) > 0 > np.linalg.det(mirrored.matrix)


def test_a_small_scene_is_found(finder):
    scan, points = draw_scene(np.random.default_rng(3), size=147)
    (best,), sure = finder[0].search(scan, 0.6 * finder[2], blind)
    assert sure
    assert off_by(best.pose, points, finder[1]) < 0.06
    assert 0 < best.support <= best.scores.sum()


def test_a_small_scene_is_found_beside_what_would_outvote_it(finder):
    rng = np.random.default_rng(3)
    scan, points = draw_scene(rng)
    pixels = np.pad(scan.pixels, ((50, 0), (0, 50)), constant_values=20)
    for row, col in ((3, 5), (3, 60), (25, 30), (20, 100), (20, 130), (70, 140), (100, 125), (135, 140)):
        pixels[row : row + 13, col : col + 13] = 100  # like one of its landmarks
    moved = dataclasses.replace(points, positions=points.positions + np.array([50, 0]))
    usual, small = finder[0].propose_upright(Scan(pixels))[0], finder[0].propose_windows(Scan(pixels))[0]
    assert min(off_by(pose, moved, finder[1]) for pose in usual) > 0.1
    assert min(off_by(pose, moved, finder[1]) for pose in small[:3]) < 0.06
    hypotheses, _ = finder[0].search(
        Scan(pixels), 1000.0, lambda one: 0.4 - min(off_by(one.pose, moved, finder[1]), 0.2)
    )
    assert off_by(hypotheses[0].pose, moved, finder[1]) < 0.06


def test_a_faint_small_scene_is_found_in_a_bright_frame(scenes, tiny_settings, monkeypatch):
    settings = dataclasses.replace(tiny_settings, first_scales=(1.0, 0.65))
    even = change_stages(settings, lambda stage: dataclasses.replace(stage, contrast=0.1))
    finder = ForestLocaliser(settings=even, n_jobs=2).fit(*zip(*scenes[0], strict=True))._pose_search
    scan, points = draw_scene(np.random.default_rng(1))
    pixels = scan.pixels * 0.02
    pixels[:8] = pixels[-8:] = pixels[:, :8] = pixels[:, -8:] = 100
    pixels = np.pad(pixels, ((60, 0), (0, 60)), constant_values=0.4)
    moved = dataclasses.replace(points, positions=points.positions + np.array([60, 0]))
    looked = []
    find = finder._try
    monkeypatch.setattr(finder, "_try", lambda scan, guesses: looked.append(scan.pixels) or find(scan, guesses))
    small = finder.propose_windows(Scan(pixels))[0]
    assert min(off_by(pose, moved, finder._shape) for pose in small[:3]) < 0.06
    scene = looked[0][60:, :110][25:85, 25:85]  # which has as much contrast as the frame now
    assert np.ptp(scene) > 0.3 * np.ptp(looked[0])
    assert np.ptp(pixels[60:, :110][25:85, 25:85]) < 0.03 * np.ptp(pixels)


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_a_turned_scene_is_found(finder, scenes, quarter_turns):
    scan, points = scenes[1][0]
    place = points.positions
    for _ in range(quarter_turns):
        place = np.stack([scan.pixels.shape[1] - 1 - place[:, 1], place[:, 0]], axis=1)
    (best,), _ = finder[0].search(Scan(np.rot90(scan.pixels, quarter_turns)), 0.8 * finder[2], blind)
    assert off_by(best.pose, dataclasses.replace(points, positions=place), finder[1]) < 0.06


def test_a_large_image_is_drawn_smaller_first(finder, scenes):
    scan, points = scenes[1][1]
    large = Scan(np.kron(scan.pixels, np.ones((8, 8))))
    small, to_small = finder[0]._draw_small(large)
    assert max(small.pixels.shape) < 600
    assert np.allclose(to_small.apply([[439.5, 439.5]]), (np.array(small.pixels.shape) - 1) / 2)
    moved = dataclasses.replace(points, positions=points.positions * 8 + 3.5)
    assert off_by(finder[0].propose_upright(large)[0][0], moved, finder[1]) < 0.06


def test_an_image_in_which_nothing_is_seen_has_no_pose(finder):
    assert finder[0].propose_upright(Scan(np.zeros((3, 900)))) == [[], []]
    assert finder[0].search(Scan(np.zeros((3, 900))), 1.0, lambda hypothesis: 1.0) == ([], False)


def test_where_a_pose_convinces_no_other_is_looked_for(finder, scenes, monkeypatch):
    looked = []
    for name in ("propose_usual", "propose_upright", "propose_rotated"):
        find = getattr(finder[0], name)
        monkeypatch.setattr(finder[0], name, lambda scan, name=name, find=find: looked.append(name) or find(scan))
    scan = scenes[1][0][0]
    assert finder[0].search(scan, 0.1, blind)[0][0].support > 0.1
    assert looked == ["propose_usual"]
    hypotheses, sure = finder[0].search(scan, 1000.0, lambda hypothesis: 0.9)
    assert sure
    assert len(hypotheses) == 1
    assert looked[1:] == ["propose_usual"]


def test_where_none_convinces_that_is_kept_in_which_most_is_seen(finder, scenes, monkeypatch):
    scan, points = scenes[1][0]
    worst = math.radians(60)

    def see(hypothesis):
        return 0.7 - min(off_by(hypothesis.pose, points, finder[1]), 0.6)

    astray = propose_pose(scan, 0.5, np.zeros(2), rotation(worst, 2))
    monkeypatch.setattr(finder[0], "propose_usual", lambda _: [[astray]])
    (best,), sure = finder[0].search(scan, 1000.0, see)
    assert sure
    assert off_by(best.pose, points, finder[1]) < 0.06


def test_where_little_is_seen_in_any_pose_several_may_be_right(finder, scenes):
    scan, points = scenes[1][0]

    def see(hypothesis):
        return 0.4 - min(off_by(hypothesis.pose, points, finder[1]), 0.4)

    hypotheses, sure = finder[0].search(scan, 1000.0, see)
    seen = [see(hypothesis) for hypothesis in hypotheses]  # 0 for all that are far off: their order is chance
    assert not sure
    assert 4 <= len(hypotheses) <= 18
    assert seen == sorted(seen, reverse=True)
    assert off_by(hypotheses[0].pose, points, finder[1]) < 0.06
    located = [hypothesis.pose.inverse().apply(finder[1]) for hypothesis in hypotheses]
    for k, hypothesis in enumerate(hypotheses):
        assert all(np.linalg.norm(hypothesis.pose.apply(p) - finder[1], axis=1).mean() > 0.1 for p in located[:k])
    assert finder[0].search(scan, 1000.0, blind) == ([], False)
    assert finder[0].search(scan, 1000.0, see, thorough=False) == ([], False)


def test_windows_cover_an_image_and_are_no_more_than_can_be_looked_at():
    assert _window_centres(2.0, 1.0).tolist() == [0.0]
    some = _window_centres(0.5, 1.0)
    assert some[0] == -some[-1] == pytest.approx(-0.275)
    assert np.diff(some).max() <= 0.35 * 0.5
    assert len(_window_centres(0.01, 1.0)) == 8


def test_of_poses_that_are_alike_the_first_counts():
    shape = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, 0.3]])
    shifts = (0.0, 0.05, 0.2, 0.26, -0.15)
    poses = [Frame.from_linear(np.eye(2) / 100, np.array([shift, 0.0])) for shift in shifts]
    assert _select_distinct(poses, shape, 9) == [0, 2, 4]
    assert _select_distinct(poses, shape, 2) == [0, 2]
    assert _select_distinct([poses[0], rotation_about_itself(poses[0])], shape, 9) == [0, 1]
    assert _select_distinct([], shape, 9) == []


def rotation_about_itself(pose):
    return Frame.from_linear(rotation(0.4, 2), np.zeros(2)).compose(pose)


def test_guesses_vote_for_landmarks_that_lie_far_apart():
    shape = np.array([[0.0, 0.0], [0.01, 0.0], [0.5, 0.0], [-0.5, 0.4], [0.49, 0.0]])
    assert _spread(shape, 3).tolist() == [3, 2, 0]
    assert sorted(_spread(shape, 9).tolist()) == [0, 1, 2, 3, 4]
