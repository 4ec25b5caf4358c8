import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.imaging.shapes import NoSimilarity
from boneage.landmarks import ForestLocaliser, change_stages
from boneage.landmarks.pose_search import (
    BeamSearch,
    FixedPose,
    PoseHypothesis,
    choose_starts,
    fit_pose_correction,
)
from boneage.landmarks.search_settings import SearchSettings, SearchStep, SelfSimilaritySettings
from boneage.landmarks.similarity import rotation
from tests.landmarks.conftest import draw_scene, mean_distance

WINDOWS = SearchStep("windows", scales=(0.75,), n_kept=3)
QUARTERS = (0.0, math.pi / 2, math.pi, 3 * math.pi / 2)
ALL_ROUND = (SearchStep(), SearchStep(rotations_rad=QUARTERS, mirrored=True, n_kept=4, unless=9.0))


@pytest.fixture
def mean_shape(all_round_localiser):
    return all_round_localiser.mean_shape_


class Scores:
    """Stand-in local votes: a score of each pose, whatever the starts."""

    def __init__(self, score):
        self.score = score

    def open_view(self, scan, pose, bounds):
        return lambda starts: (starts, np.full(len(starts), self.score(pose)))


class Landmarks(Scores):
    """Stand-in local votes: landmarks are found from starts within ``reach`` of them on average, else none."""

    def __init__(self, positions, reach, few=(3, 0, 2, 1)):
        self.positions, self.reach, self.few = positions, reach, list(few)

    def open_view(self, scan, pose, bounds):
        places = pose.apply(self.positions)

        def vote(starts):
            found = np.linalg.norm(places - starts, axis=1).mean() < self.reach
            few = self.few
            return (places[few], np.ones(len(few))) if found else (starts[few], np.full(len(few), 0.5))

        return vote


@pytest.fixture
def make_search(all_round_localiser):
    """Return a search by the trees of the localiser of all rotations, with other settings or local votes."""
    trees = all_round_localiser

    def make(local=None, typical_score=1.0, **changes):
        if local is None:
            local, typical_score = trees._refinement, trees.typical_score_
        settings = dataclasses.replace(trees._settings.search, **changes)
        few, bounds = trees.pose_landmarks_, trees.bounds_
        return BeamSearch(
            trees._coarse, local.open_view, typical_score, trees.mean_shape_, few, bounds, trees.usual_, settings
        )

    return make


def score(search, scan, hypothesis):
    """Return a hypothesis scored and corrected by the local votes."""
    vote = search.open_view(scan, hypothesis.pose, search.bounds)
    return search._improve(vote, hypothesis, Frame.identity(2), hypothesis.positions)


def turn(points, n_columns, quarter_turns):
    """Return the points of a square image that is turned as by :func:`numpy.rot90`."""
    place = points.positions
    for _ in range(quarter_turns):
        place = np.stack([n_columns - 1 - place[:, 1], place[:, 0]], axis=1)
    return dataclasses.replace(points, positions=place)


def count_proposals(search, monkeypatch):
    """Return a list that gets the angle of the step of each proposal that is voted on."""
    voted, propose = [], search._propose

    def count(scan, step):
        for proposal in propose(scan, step):
            voted.append(step.rotations_rad[0])
            yield proposal

    monkeypatch.setattr(search, "_propose", count)
    return voted


@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
def test_a_scene_is_found_in_any_quarter_turn(make_search, mean_shape, scenes, quarter_turns):
    scan, points = scenes[1][0]
    best = make_search().search(Scan(np.rot90(scan.pixels, quarter_turns)))
    assert mean_distance(best.pose, turn(points, 110, quarter_turns), mean_shape) < 0.06
    assert 0 < best.coarse_support <= len(points)
    assert best.local_score > 0.65
    assert best.positions.shape == mean_shape.shape
    assert np.median(np.linalg.norm(best.positions - mean_shape, axis=1)) < 0.05


def test_a_small_scene_is_found(make_search, mean_shape):
    scan, points = draw_scene(np.random.default_rng(3), size=147)
    best = make_search().search(scan)
    assert mean_distance(best.pose, points, mean_shape) < 0.06


def test_a_small_scene_is_found_beside_squares_that_outvote_it(make_search, mean_shape):
    rng = np.random.default_rng(3)
    scan, points = draw_scene(rng)
    pixels = np.pad(scan.pixels, ((50, 0), (0, 50)), constant_values=20)
    for row, col in ((3, 5), (3, 60), (25, 30), (20, 100), (20, 130), (70, 140), (100, 125), (135, 140)):
        pixels[row : row + 13, col : col + 13] = 100  # like one of its landmarks
    moved = dataclasses.replace(points, positions=points.positions + np.array([50, 0]))
    search = make_search()

    def propose(step):
        return search._keep(list(search._propose(Scan(pixels), step)), step.n_kept)

    upright = propose(SearchStep(scales=(1.0, 0.75), n_kept=3))
    windows = propose(WINDOWS)
    assert min(mean_distance(pose, moved, mean_shape) for pose in upright) > 0.1
    assert len(windows) == 3
    assert min(mean_distance(pose, moved, mean_shape) for pose in windows) < 0.06
    best = search.search(Scan(pixels))
    assert mean_distance(best.pose, moved, mean_shape) < 0.06


def test_a_faint_small_scene_is_found_in_a_bright_frame(scenes, tiny_settings):
    equalised = change_stages(tiny_settings, lambda stage: dataclasses.replace(stage, contrast=0.1, tone=0.33))
    trees = ForestLocaliser(settings=equalised, n_jobs=2).fit(*zip(*scenes[0], strict=True))
    scan, points = draw_scene(np.random.default_rng(1))
    pixels = scan.pixels * 0.02
    pixels[:8] = pixels[-8:] = pixels[:, :8] = pixels[:, -8:] = 100
    pixels = np.pad(pixels, ((60, 0), (0, 60)), constant_values=0.4)
    moved = dataclasses.replace(points, positions=points.positions + np.array([60, 0]))
    step = dataclasses.replace(WINDOWS, scales=(0.65,))

    def propose(noise):
        settings = SearchSettings((SearchStep(), step), window_noise=noise)
        shape, few = trees.mean_shape_, trees.pose_landmarks_
        search = BeamSearch(trees._coarse, None, 1.0, shape, few, trees.bounds_, trees.usual_, settings)
        poses = search._keep(list(search._propose(Scan(pixels), step)), 3)
        return min(mean_distance(pose, moved, trees.mean_shape_) for pose in poses)

    assert propose(0.01) < 0.06
    assert propose(10.0) > 0.1, "else the frame is too faint to matter"


@pytest.mark.parametrize("shape", [(3, 900), (60, 60)])
def test_a_blank_image_has_no_pose(make_search, shape):
    search = make_search(Scores(lambda pose: 1.0))
    assert search.search(Scan(np.zeros(shape))) is None
    assert search.correct(Scan(np.zeros(shape)), Frame.from_linear(np.eye(2) / 50, np.zeros(2))) is None


@pytest.mark.parametrize(("score", "taken"), [(0.4, [0.0, math.pi / 2, math.pi]), (0.7, [0.0, math.pi]), (0.9, [0.0])])
def test_a_step_is_left_out_if_the_best_hypothesis_is_good_enough(make_search, scenes, monkeypatch, score, taken):
    steps = (
        SearchStep(unless=0.0),  # the first is always taken
        SearchStep(rotations_rad=(math.pi / 2,), unless=0.6),
        SearchStep(rotations_rad=(math.pi,), unless=0.8),
    )
    search = make_search(Scores(lambda pose: score), steps=steps)
    voted = count_proposals(search, monkeypatch)
    search.search(scenes[1][0][0])
    assert voted == taken


@pytest.mark.parametrize(
    ("scores", "unneeded"),
    [
        ((), False),
        ((0.9,), True),
        ((0.7,), False),  # there is no other to compare it with
        ((0.7, 0.5), True),
        ((0.7, 0.6), False),
        ((0.5, 0.2), False),  # low
        ((0.9, 0.9), True),
    ],
)
def test_a_step_is_left_out_if_the_best_hypothesis_is_good_enough_beside_the_next(make_search, scores, unneeded):
    search = make_search(low_score=0.55)
    beam = [PoseHypothesis(Frame.identity(2), np.zeros((4, 2)), search.bounds, local_score=score) for score in scores]
    assert search._is_unneeded(SearchStep(unless=0.8, unless_ratio=1.3), beam) == unneeded
    assert search._is_unneeded(SearchStep(unless=0.8), beam) == (max(scores, default=0.0) >= 0.8)


def test_a_stretched_picture_is_found_by_a_step_that_shortens_its_columns(make_search, mean_shape, scenes):
    scan, points = scenes[1][0]
    wide = Scan(scan.pixels[:, (np.arange(165) / 1.5).astype(int)])
    places = dataclasses.replace(points, positions=(points.positions + 0.5) * [1.0, 1.5] - 0.5)
    search = make_search()

    def propose(**changes):
        (proposal,) = search._propose(wide, SearchStep(**changes))
        return mean_distance(proposal.pose, places, mean_shape)

    assert propose(stretch=1 / 1.5) < 0.08 < propose()


def test_the_local_score_is_relative_to_the_usual_one(make_search, scenes):
    search = make_search(Scores(lambda pose: 0.3), typical_score=0.4, steps=(SearchStep(),))
    assert search.search(scenes[1][0][0]).local_score == pytest.approx(0.75)


@pytest.mark.parametrize(("budget", "n_voted"), [(1, 1), (3, 3), (400, 5)])
def test_the_search_ends_with_the_best_so_far_when_its_budget_is_spent(
    make_search, scenes, monkeypatch, budget, n_voted
):
    steps = (SearchStep(), SearchStep(rotations_rad=(-0.2, -0.1, 0.1, 0.2)))
    search = make_search(Scores(lambda pose: 0.5), steps=steps, max_proposals=budget)
    voted = count_proposals(search, monkeypatch)
    assert search.search(scenes[1][0][0])
    assert len(voted) == n_voted


def test_the_highest_local_score_decides(make_search, mean_shape, scenes):
    """The support of the pose that fits best is by far the highest; of the local scores, another's."""
    scan, points = scenes[1][0]

    def score(pose):
        return 0.6 + 0.05 * mean_distance(pose, points, mean_shape)

    best = make_search(Scores(score), steps=ALL_ROUND, n_hypotheses=9).search(scan)
    right = make_search(Scores(lambda pose: 1 / score(pose)), steps=ALL_ROUND, n_hypotheses=9).search(scan)
    assert mean_distance(best.pose, points, mean_shape) > 0.2 > mean_distance(right.pose, points, mean_shape)
    assert best.coarse_support < right.coarse_support


@pytest.mark.parametrize(("n", "kept"), [(9, [0.0, 0.2, -0.25, 0.6]), (2, [0.0, 0.2])])
def test_distinct_hypotheses_of_the_highest_scores_stay_in_the_beam(
    make_search, all_round_localiser, mean_shape, scenes, monkeypatch, n, kept
):
    """A pose that is shifted by a distance has a score that is lower by half of it."""
    scan = scenes[1][0][0]
    usual = all_round_localiser.usual_.place(scan)

    def measure_shift(pose):
        return (pose.matrix - usual.matrix)[0, -1]

    steps, beams = (SearchStep(), SearchStep(unless=0.9)), []
    search = make_search(Scores(lambda pose: 0.8 - abs(measure_shift(pose)) / 2), n_hypotheses=n, steps=steps)
    shifts = (0.6, 0.24, 0.2, -0.25, 0.05, 0.0)  # the second and the fifth are like others
    poses = [Frame.from_linear(np.eye(2), np.array([shift, 0.0])).compose(usual) for shift in shifts]
    monkeypatch.setattr(search, "_keep", lambda proposals, n: poses)
    monkeypatch.setattr(
        search, "correct", lambda scan, pose: score(search, scan, PoseHypothesis(pose, mean_shape, search.bounds))
    )
    monkeypatch.setattr(search, "_is_unneeded", lambda step, beam: beams.append(beam))
    best = search.search(scan)
    assert measure_shift(best.pose) == pytest.approx(0.0)
    assert [measure_shift(hypothesis.pose) for hypothesis in beams[-1]] == pytest.approx(kept)


@pytest.mark.parametrize(("lowest", "found"), [(0.39, True), (0.41, False)])
def test_where_all_local_scores_are_low_the_anatomy_is_not_seen(make_search, scenes, lowest, found):
    search = make_search(Scores(lambda pose: 0.4), lowest_score=lowest)
    assert (search.search(scenes[1][0][0]) is not None) == found


@pytest.fixture
def turned_scene(all_round_localiser, mean_shape, scenes):
    """A scan, landmarks that lie in it as in the mean shape, and the usual pose turned by 0.4."""
    scan, points = scenes[1][0]
    right = all_round_localiser.usual_.place(scan)
    wrong = Frame.from_linear(rotation(0.4, 2), np.zeros(2)).compose(right)
    return scan, dataclasses.replace(points, positions=right.inverse().apply(mean_shape)), wrong


@pytest.mark.parametrize(
    ("change", "budget", "found"),
    [
        ({"rotations_rad": (0.4, -0.4)}, 400, True),
        ({"rotations_rad": (0.4, -0.4)}, 1, True),  # of these there are few: they do not count
        ({"rotations_rad": (0.4,)}, 400, False),
        ({"rotations_rad": (-0.4,), "scales": (2.0, 1.0)}, 400, True),
        ({"rotations_rad": (-0.4,), "scales": (2.0,)}, 400, False),
    ],
)
def test_poses_nearby_are_found_by_local_votes(
    make_search, mean_shape, turned_scene, monkeypatch, change, budget, found
):
    """The pose that the coarse votes find is turned by more than the local votes reach."""
    scan, points, wrong = turned_scene
    steps = (SearchStep(), SearchStep("nearby", **change))
    search = make_search(Landmarks(points.positions, 0.1), steps=steps, max_proposals=budget)
    start = score(search, scan, PoseHypothesis(wrong, mean_shape, search.bounds))
    assert start.local_score == pytest.approx(0.5)
    monkeypatch.setattr(search, "correct", lambda scan, pose: start)
    best = search.search(scan)
    assert (best.local_score == pytest.approx(1.0)) == found
    assert (mean_distance(best.pose, points, mean_shape) < 1e-6) == found


@pytest.mark.parametrize(("n_corrections", "corrected"), [(0, False), (1, True)])
def test_a_hypothesis_is_corrected_by_its_local_votes(make_search, mean_shape, turned_scene, n_corrections, corrected):
    """They find the landmarks from a pose turned by 0.4, and score by how near they start."""
    scan, points, wrong = turned_scene

    class ByDistance(Landmarks):
        def open_view(self, scan, pose, bounds):
            places = pose.apply(self.positions)

            def vote(starts):
                distance = np.linalg.norm(places - starts, axis=1).mean()
                return places[self.few], np.full(len(self.few), np.exp(-distance))

            return vote

    search = make_search(ByDistance(points.positions, 1.0), n_corrections=n_corrections)
    best = score(search, scan, PoseHypothesis(wrong, mean_shape, search.bounds))
    assert (best.local_score == pytest.approx(1.0)) == corrected
    assert (mean_distance(best.pose, points, mean_shape) < 1e-6) == corrected


def test_poses_nearby_are_of_the_best_hypotheses_alone(make_search, mean_shape, turned_scene, monkeypatch):
    scan, points, wrong = turned_scene
    upside_down = Frame.from_linear(rotation(math.pi, 2), np.zeros(2)).compose(wrong)

    def find(n_kept):
        step = SearchStep("nearby", rotations_rad=(-0.4,), n_kept=n_kept)
        search = make_search(Landmarks(points.positions, 0.1), steps=(SearchStep(), step))
        beam = {
            score: PoseHypothesis(pose, mean_shape, search.bounds, local_score=score)
            for score, pose in ((0.55, upside_down), (0.5, wrong))
        }
        monkeypatch.setattr(search, "_keep", lambda proposals, n: list(beam))
        monkeypatch.setattr(search, "correct", lambda scan, score: beam[score])
        return search.search(scan).local_score

    assert find(1) == pytest.approx(0.55)
    assert find(2) == pytest.approx(1.0)


@pytest.mark.parametrize(("lowest", "moved"), [(0.45, True), (0.55, False)])
def test_a_hypothesis_of_low_score_is_not_moved(make_search, mean_shape, turned_scene, monkeypatch, lowest, moved):
    """The pose that is found has a local score of 0.5, and the right one lies near it."""
    scan, points, wrong = turned_scene
    steps = (SearchStep(), SearchStep("nearby", rotations_rad=(-0.4,)))
    search = make_search(Landmarks(points.positions, 0.1), steps=steps, lowest_moved=lowest)
    start = score(search, scan, PoseHypothesis(wrong, mean_shape, search.bounds))
    monkeypatch.setattr(search, "correct", lambda scan, pose: start)
    assert search.search(scan).local_score == pytest.approx(1.0 if moved else 0.5)


class Steep(Landmarks):
    """Stand-in local votes: landmarks are always found, from the mean shape, scored by how far that is from them."""

    def __init__(self, positions, mean_shape, score):
        super().__init__(positions, np.inf)
        self.mean_shape, self.score, self.n_votes = mean_shape, score, 0

    def open_view(self, scan, pose, bounds):
        places = pose.apply(self.positions)

        def vote(starts):
            self.n_votes += 1
            distance = np.linalg.norm(places - starts, axis=1).mean()
            return places[self.few], np.full(len(self.few), self.score(distance))

        return vote


RUNGS = np.array([[row / 6, column] for row in range(-3, 4) for column in (-0.1, 0.1)])


@pytest.mark.parametrize(
    ("steps", "changes", "found"),
    [
        ((SearchStep("alike", unless=0.9),), {}, True),
        ((SearchStep("alike", unless=0.4),), {}, False),
        ((SearchStep("alike", unless=0.9),), {"alike": SelfSimilaritySettings(0)}, False),
        ((SearchStep("alike", unless=0.9),), {"max_proposals": 1}, True),
        ((), {}, False),
    ],
)
def test_a_shape_that_lies_upon_itself_is_moved_there(
    make_search, all_round_localiser, scenes, monkeypatch, steps, changes, found
):
    """A ladder is taken for itself a rung further on: only local votes that reach less than that tell."""
    scan, trees = scenes[1][0][0], all_round_localiser
    right = trees.usual_.place(scan)
    wrong = Frame.from_linear(np.eye(2), np.array([1 / 6, 0.0])).compose(right)
    places = right.inverse().apply(RUNGS)
    local = Landmarks(places, 0.05, few=range(len(RUNGS)))
    settings = SearchSettings((SearchStep(), *steps), **changes)
    search = BeamSearch(
        trees._coarse, local.open_view, 1.0, RUNGS, np.arange(len(RUNGS)), trees.bounds_, trees.usual_, settings
    )
    start = score(search, scan, PoseHypothesis(wrong, RUNGS, search.bounds))
    assert start.local_score == pytest.approx(0.5)
    monkeypatch.setattr(search, "_propose", lambda scan, step: iter([PoseHypothesis(wrong, RUNGS, search.bounds, 1.0)]))
    monkeypatch.setattr(search, "correct", lambda scan, pose: start)
    monkeypatch.setattr(BeamSearch, "_is_repetitive", False)  # else the usual pose, which is right here, is tried first
    best = search.search(scan)
    assert (best.local_score == pytest.approx(1.0)) == found
    moved = np.linalg.norm(best.pose.apply(places) - RUNGS, axis=1).mean()
    assert (moved < 0.02) == found


def test_a_mirrored_step_keeps_proposals_of_both_sides(make_search, mean_shape, scenes):
    scan, points = scenes[1][0]
    search, step = make_search(), SearchStep(rotations_rad=(0.0, 0.2), mirrored=True)
    proposals = list(search._propose(scan, step))
    assert len(proposals) == 4
    upright, mirrored = search._keep(proposals, 1)
    assert mean_distance(upright, points, mean_shape) < 0.06
    assert np.linalg.det(upright.matrix) > 0 > np.linalg.det(mirrored.matrix)
    alone = search._keep(list(search._propose(scan, dataclasses.replace(step, mirrored=False))), 1)
    assert [np.linalg.det(pose.matrix) > 0 for pose in alone] == [True]


def test_a_large_image_is_shrunk_first(make_search, mean_shape, scenes):
    scan, points = scenes[1][1]
    large = Scan(np.kron(scan.pixels, np.ones((8, 8))))
    search = make_search()
    small, to_small = search._shrink(large)
    assert max(small.pixels.shape) < 600
    assert np.allclose(to_small.apply([[439.5, 439.5]]), (np.array(small.pixels.shape) - 1) / 2)
    assert search._shrink(scan)[0] is scan
    moved = dataclasses.replace(points, positions=points.positions * 8 + 3.5)
    best = search.search(large)
    assert mean_distance(best.pose, moved, mean_shape) < 0.06


def test_windows_cover_an_image_up_to_a_largest_number(make_search, all_round_localiser):
    search, usual = make_search(max_windows=20), all_round_localiser.usual_
    scan = Scan(np.zeros((100, 100)))

    def list_along_axes(scale):
        centres = usual.place(scan, scale).inverse().apply(np.stack(search._list_windows(scan, scale, pose(scale))))
        rows, columns = (np.unique(centres[:, axis].round(6)) for axis in range(2))
        assert len(centres) == len(rows) * len(columns)
        return rows, columns

    def pose(scale):
        return usual.place(scan, scale)

    rows, columns = list_along_axes(4.0)
    assert (len(rows), len(columns)) == (1, 1)
    assert rows == pytest.approx([49.5], abs=0.6)
    rows, columns = list_along_axes(0.5)
    side = 0.5 * usual.size_ratio * 100
    assert len(rows) < 20
    assert np.diff(rows).max() <= 0.35 * side + 1e-5
    assert rows[0] == pytest.approx(0.45 * side, abs=0.6)
    assert rows[-1] == pytest.approx(100 - 0.45 * side, abs=0.6)
    assert columns == pytest.approx(rows)
    assert [len(axis) for axis in list_along_axes(0.01)] == [20, 20]


def test_of_poses_that_are_alike_the_first_is_taken(make_search):
    search = make_search(min_distance=0.1)
    search.mean_shape = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, 0.3]])
    shifts = (0.0, 0.05, 0.2, 0.26, -0.15)
    poses = [Frame.from_linear(np.eye(2) / 100, np.array([shift, 0.0])) for shift in shifts]
    turned = Frame.from_linear(rotation(0.4, 2), np.zeros(2)).compose(poses[0])
    assert search._find_distinct(poses, 9) == [0, 2, 4]
    assert search._find_distinct(poses, 2) == [0, 2]
    assert search._find_distinct([poses[0], turned], 9) == [0, 1]
    assert search._find_distinct([], 9) == []


def test_a_correction_that_resizes_too_much_is_rejected():
    shape = np.array([[-0.5, 0.0], [0.5, 0.1], [0.0, 0.3], [0.2, -0.4]])
    settings, scores = SearchSettings(max_resize=1.5), np.full(4, 0.6)
    right = Frame.from_linear(1.4 * rotation(0.3, 2), [0.2, -0.1])
    correction, support = fit_pose_correction(right.inverse().apply(shape), scores, shape, settings)
    assert correction.matrix == pytest.approx(right.matrix)
    assert support == pytest.approx(scores)
    for size in (1.6, 1 / 1.6):
        with pytest.raises(NoSimilarity, match="resized by"):
            fit_pose_correction(shape / size, scores, shape, settings)


def test_a_fixed_pose_is_the_usual_one_and_the_whole_image_votes(all_round_localiser, scenes):
    scan, points = scenes[1][0]
    usual = all_round_localiser.usual_
    hypothesis = FixedPose(
        all_round_localiser._coarse[1], usual, all_round_localiser.mean_shape_, SearchSettings()
    ).search(scan)
    pose = usual.place(scan)
    assert np.array_equal(hypothesis.pose.matrix, pose.matrix)
    assert pose.inverse().apply(np.stack([hypothesis.bounds.low, hypothesis.bounds.high])) == pytest.approx(
        np.array([[0.0, 0.0], [109.0, 109.0]])
    )
    places = pose.inverse().apply(hypothesis.positions)
    assert np.median(np.linalg.norm(places - points.positions, axis=1)) < 4


def test_a_coarse_estimate_far_from_its_place_is_no_start():
    shape = np.array([[-0.5, 0.0], [0.5, 0.1], [0.0, 0.3], [0.2, -0.4]])
    estimates = shape + np.array([[0.2, 0.0], [0.4, 0.0], [0.0, -0.2], [0.2, -0.2]])
    starts = choose_starts(estimates, shape, 0.25)
    assert np.array_equal(starts[[0, 2]], estimates[[0, 2]])
    assert np.array_equal(starts[[1, 3]], shape[[1, 3]])


def test_a_hypothesis_lists_the_lower_peaks_of_the_coarse_votes(make_search, mean_shape, scenes):
    best = make_search(n_peaks=3, min_peak_ratio=0.0).search(scenes[1][0][0])
    assert len(best.further) == len(mean_shape)
    assert all(1 <= len(places) <= 3 for places in best.further)
    assert max(len(places) for places in best.further) > 1
    first = np.stack([places[0] for places in best.further])
    assert np.linalg.norm(first - mean_shape, axis=1).max() < 0.15
    alone = make_search(n_peaks=1).search(scenes[1][0][0])
    assert [len(places) for places in alone.further] == [1] * len(mean_shape)


@pytest.mark.parametrize(
    ("usual_score", "best_score", "stays"),
    [
        (0.7, 1.0, True),  # not low: nothing else is tried
        (0.5, 0.65, True),
        (0.5, 0.75, False),  # a pose that is much better, as in a picture that was turned
    ],
)
def test_a_repetitive_shape_stays_in_the_usual_pose_unless_another_is_much_better(
    make_search, scenes, monkeypatch, usual_score, best_score, stays
):
    scan = scenes[1][0][0]
    search = make_search(steps=ALL_ROUND)
    usual = search.usual.place(scan)

    def score(pose):
        return usual_score if np.allclose(pose.matrix, usual.matrix, rtol=1e-3) else best_score

    search = make_search(Scores(score), steps=ALL_ROUND)
    monkeypatch.setattr(BeamSearch, "_is_repetitive", True)
    voted = count_proposals(search, monkeypatch)
    best = search.search(scan)
    assert bool(voted) == (usual_score < search.settings.low_score)
    assert best.local_score == (usual_score if stays else best_score)
    assert np.allclose(best.pose.matrix, usual.matrix) == stays
    if stays:
        assert best.positions.tolist() == search.mean_shape.tolist()


def test_a_ladder_is_repetitive_and_four_squares_are_not(make_search, all_round_localiser):
    trees = all_round_localiser
    ladder = np.array([[row / 6, column] for row in range(-3, 4) for column in (-0.1, 0.1)])
    few, bounds, settings = trees.pose_landmarks_, trees.bounds_, trees._settings.search
    local = trees._refinement.open_view
    repeated = BeamSearch(trees._coarse, local, 1.0, ladder, few, bounds, trees.usual_, settings)
    assert repeated._is_repetitive
    assert not make_search()._is_repetitive
