import copy
import dataclasses

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from boneage.imaging import Frame, Points, Scan, resize_scan
from boneage.imaging.shapes import NoSimilarity
from boneage.landmarks import ForestLocaliser, with_vote_weight
from boneage.landmarks.pose_search import PoseHypothesis
from boneage.landmarks.search_settings import SearchSettings
from boneage.landmarks.training_shapes import read_training_shapes, select_far_apart
from tests.landmarks.conftest import NAMES, draw_scene, search_more


def errors(localiser, scenes):
    return np.array([np.linalg.norm(localiser.locate(s).positions - p.positions, axis=1) for s, p in scenes])


@pytest.fixture(scope="module")
def fitted(scenes, tiny_settings):
    train, _ = scenes
    return ForestLocaliser(settings=tiny_settings, n_jobs=2).fit(*zip(*train, strict=True))


@pytest.fixture(scope="module")
def all_round(scenes, tiny_settings):
    """A localiser that tries every quarter turn and the mirror image."""
    settings = search_more(tiny_settings, (1.0,), tuple(np.arange(4) * np.pi / 2), mirrored=True)
    return ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))


def test_it_finds_the_landmarks_it_was_trained_on(fitted, scenes):
    assert np.median(errors(fitted, scenes[1])) < 1.0
    assert fitted.names_ == NAMES


def test_pose_normalisation_copes_with_a_smaller_turned_scene(scenes, tiny_settings):
    settings = search_more(tiny_settings, (1.0, 0.75), (0.0, 0.5, -0.5))
    localiser = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))
    rng = np.random.default_rng(5)
    turned = [draw_scene(rng, size=140, angle=0.5) for _ in range(3)]
    assert np.median(errors(localiser, turned)) < 1.5


@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_any_rotation_and_the_mirror_image_are_found_where_settings_say_so(all_round, scenes, quarter_turns, mirrored):
    scan, points = scenes[1][0]
    cols = scan.pixels.shape[1]
    pixels = np.rot90(scan.pixels[:, ::-1] if mirrored else scan.pixels, quarter_turns)
    place = points.positions * [1, -1] + [0, cols - 1] if mirrored else points.positions
    for _ in range(quarter_turns):
        place = np.stack([cols - 1 - place[:, 1], place[:, 0]], axis=1)
    found = all_round.locate(Scan(pixels))
    assert np.nanmedian(np.linalg.norm(found.positions - place, axis=1)) < 1.5
    assert all_round.is_mirrored(found) == mirrored


def test_it_learns_from_a_mix_of_left_and_right(scenes, tiny_settings):
    def mirror(scene):
        scan, points = scene
        place = points.positions * [1, -1] + [0, scan.pixels.shape[1] - 1]
        return Scan(scan.pixels[:, ::-1]), dataclasses.replace(points, positions=place)

    train = [mirror(scene) if k % 3 == 0 else scene for k, scene in enumerate(scenes[0])]
    settings = search_more(tiny_settings, mirrored=True)
    mixed = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*train, strict=True))
    assert not mixed.is_mirrored(scenes[1][0][1])
    assert np.median(errors(mixed, scenes[1])) < 1.0
    assert np.median(errors(mixed, [mirror(scene) for scene in scenes[1]])) < 1.0


def test_noise_has_no_pose(all_round):
    noise = Scan(np.random.default_rng(4).normal(20, 2, (110, 110)))
    found = all_round.find(noise)
    assert not found.points.present.any()
    assert set(found.points.reasons) == {"no pose of the anatomy fits the image"}
    assert (found.inverted, found.pose_score, found.votes) == (False, 0.0, ())


def test_a_negative_is_found_and_known_as_one(all_round, scenes):
    for scan, points in scenes[1]:
        plain, swapped = all_round.find(scan), all_round.find(scan.negative())
        assert (plain.inverted, swapped.inverted) == (False, True)
        assert np.abs(swapped.points.positions - plain.points.positions).max() < 0.1
        assert np.linalg.norm(swapped.points.positions - points.positions, axis=1).max() < 2
        assert swapped.points.scores == pytest.approx(plain.points.scores, abs=0.02)
        assert swapped.pose_score == pytest.approx(plain.pose_score, abs=0.02)


@pytest.mark.parametrize("n", [2, 3])
def test_a_pose_is_scored_by_so_many_landmarks_that_lie_far_apart(scenes, tiny_settings, n):
    settings = dataclasses.replace(tiny_settings, search=SearchSettings(n_landmarks=n))
    localiser = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))
    few = localiser.pose_landmarks_
    assert few.tolist() == select_far_apart(localiser.mean_shape_, n).tolist()
    assert [stage.forest.displacements_.shape[1] for stage in localiser._coarse] == [n, 4]
    assert np.median(errors(localiser, scenes[1])) < 1.0
    again = ForestLocaliser.from_state(*localiser.to_state())
    assert np.array_equal(again.pose_landmarks_, few)
    assert np.array_equal(again.locate(scenes[1][0][0]).positions, localiser.locate(scenes[1][0][0]).positions)


@pytest.mark.parametrize(("n_annotated", "chosen"), [(7, True), (6, False)])
def test_a_landmark_that_half_of_the_scans_lack_scores_no_pose(scenes, tiny_settings, n_annotated, chosen):
    """Without the corner there are three landmarks, as many as are asked for."""
    train = []
    for number, (scan, points) in enumerate(scenes[0]):
        positions = points.positions.copy()
        positions[3] = positions[3] if number < n_annotated else np.nan
        train.append((scan, Points(points.names, positions)))
    settings = dataclasses.replace(tiny_settings, search=SearchSettings(n_landmarks=3))
    localiser = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*train, strict=True))
    assert (3 in localiser.pose_landmarks_) == chosen
    assert len(localiser.pose_landmarks_) == 3
    assert np.median(errors(localiser, scenes[1])) < 1.0
    if not chosen:
        more = dataclasses.replace(settings, search=SearchSettings(n_landmarks=4))
        localiser = ForestLocaliser(settings=more, n_jobs=2).fit(*zip(*train, strict=True))
        assert sorted(localiser.pose_landmarks_) == [0, 1, 2, 3], "too few are left without it"


def test_the_same_trees_vote_by_other_settings(all_round, scenes):
    train, test = scenes
    equal = with_vote_weight(all_round._settings, "uniform")
    other = all_round.with_settings(equal, *zip(*train, strict=True))
    assert np.median(errors(other, test)) < 1.5
    assert other.typical_score_ != all_round.typical_score_
    same = all_round.with_settings(all_round._settings, *zip(*train, strict=True))
    assert same.typical_score_ == pytest.approx(all_round.typical_score_)
    assert np.array_equal(same.locate(test[0][0]).positions, all_round.locate(test[0][0]).positions)


def test_the_usual_score_is_the_median_in_the_true_poses_of_training_scans(all_round, scenes):
    annotated = read_training_shapes(*zip(*scenes[0], strict=True))[1]
    poses = all_round._fit_poses(annotated)
    hypotheses = [all_round._searcher.correct(scan, pose) for (scan, _), pose in zip(scenes[0], poses, strict=True)]
    assert 0 < all_round.typical_score_ < 1
    assert np.median([hypothesis.local_score for hypothesis in hypotheses]) == pytest.approx(1.0)


@pytest.mark.parametrize(("n", "n_scored"), [(7, 7), (20, 20), (50, 20)])
def test_the_usual_score_is_measured_on_twenty_scans_at_most(all_round, monkeypatch, n, n_scored):
    localiser, scored = copy.copy(all_round), []

    def correct(self, scan, pose):
        scored.append(scan)
        return PoseHypothesis(pose, localiser.mean_shape_, localiser.bounds_, local_score=0.3)

    monkeypatch.setattr("boneage.landmarks.localiser.BeamSearch.correct", correct)
    scans = [Scan(np.zeros((9, 9))) for _ in range(n)]
    localiser._calibrate(scans, [Frame.identity(2)] * n)
    assert localiser.typical_score_ == pytest.approx(0.3)
    assert len(scored) == len({id(scan) for scan in scored}) == n_scored


def test_where_no_pose_can_be_corrected_the_usual_score_is_1(all_round):
    localiser = copy.copy(all_round)
    localiser._calibrate([Scan(np.zeros((9, 9)))] * 2, [Frame.identity(2)] * 2)
    assert localiser.typical_score_ == 1.0


def test_the_votes_peak_where_the_landmark_is_found(fitted, scenes):
    _, held_out = scenes
    found = fitted.find(held_out[0][0])
    points = found.points
    assert len(found.votes) == len(points)
    assert (found.standardised, found.inverted) == (None, False)
    assert 0.65 < found.pose_score < 2
    assert np.array_equal(points.positions, fitted.locate(held_out[0][0]).positions)
    for k, map_ in enumerate(found.votes):
        peak = np.array(np.unravel_index(map_.values.argmax(), map_.values.shape))
        assert np.abs(map_.to_map.apply(points.positions[[k]])[0] - peak).max() <= 0.51
        assert map_.values.max() == pytest.approx(points.scores[k], abs=0.01)


def test_too_few_points_are_not_mirrored(fitted):
    assert not fitted.is_mirrored(Points(NAMES, np.full((4, 2), np.nan)))


@pytest.mark.parametrize("shape", [(16, 16), (20, 900), (900, 20)])
@pytest.mark.parametrize("filled", [False, True])
def test_an_image_without_the_anatomy_is_no_error(fitted, shape, filled):
    pixels = np.zeros(shape) + (np.arange(shape[1]) if filled else 0)
    points = fitted.locate(Scan(pixels))
    assert len(points) == len(NAMES)
    assert all(points.reasons[k] for k in np.flatnonzero(~points.present))


def test_where_no_pose_fits_every_landmark_is_absent_with_that_reason(fitted, scenes, monkeypatch):
    def fail(*_args):
        raise NoSimilarity("no two apart")

    monkeypatch.setattr("boneage.landmarks.pose_search.fit_similarity_robustly", fail)
    points = fitted.locate(scenes[1][0][0])
    assert not points.present.any()
    assert set(points.reasons) == {"no pose of the anatomy fits the image"}


def test_without_a_pose_stage_it_works_in_the_image_as_it_stands(scenes, tiny_settings):
    settings = dataclasses.replace(tiny_settings, pose=None)
    localiser = ForestLocaliser(settings=settings).fit(*zip(*scenes[0], strict=True))
    assert np.median(errors(localiser, scenes[1])) < 1.5


def test_any_number_of_jobs_and_a_second_fit_give_the_same_bits(fitted, scenes, tiny_settings):
    again = ForestLocaliser(settings=tiny_settings, n_jobs=1).fit(*zip(*scenes[0], strict=True))
    again.fit(*zip(*scenes[0], strict=True))
    ours, theirs = fitted.to_state()[1], again.to_state()[1]
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_state_and_back_locates_the_same(fitted, scenes):
    again = ForestLocaliser.from_state(*fitted.to_state())
    scan, _ = scenes[1][0]
    assert np.array_equal(again.locate(scan).positions, fitted.locate(scan).positions)
    assert np.array_equal(again.locate(scan).scores, fitted.locate(scan).scores)


def test_squashed_pixels_are_read_in_true_proportions(fitted, scenes):
    scan, points = scenes[1][1]
    rows, cols = scan.pixels.shape
    squashed = Scan(scan.pixels[:, ::2]).as_resized_copy_of((rows, cols))
    found = fitted.locate(squashed)
    assert np.median(np.linalg.norm(found.positions - points.positions, axis=1)) < 2


def test_landmarks_with_poor_scores_are_absent_with_a_reason(scenes, tiny_settings):
    settings = dataclasses.replace(tiny_settings, min_score=1.0)
    found = ForestLocaliser(settings=settings).fit(*zip(*scenes[0], strict=True)).locate(scenes[1][0][0])
    assert not found.present.any()
    assert set(found.reasons) == {"score below 1"}


def test_landmarks_with_low_scores_are_given_and_doubted(fitted, scenes):
    scan = scenes[1][1][0]
    lowest, *_, highest = np.sort(fitted.locate(scan).scores)
    limit = float((highest + lowest) / 2)
    assert lowest > limit / 2, "else some are absent below"
    settings = dataclasses.replace(fitted.settings, min_score=limit / 2, doubtful_score=limit)
    found = fitted.with_settings(settings, *zip(*scenes[0], strict=True)).locate(scan)
    assert found.present.all()
    assert 0 < found.doubtful.sum() < len(found)
    assert found.doubtful.tolist() == (found.scores < limit).tolist()
    assert set(found.reasons) == {"", f"doubtful: score below {limit:g}"}


def test_stages_much_finer_than_the_images_are_left_out(fitted, scenes, tiny_settings):
    stage = tiny_settings.local[0]
    finer = dataclasses.replace(stage, resolution=150, feature_range=0.07, radius=0.09)
    finest = dataclasses.replace(stage, resolution=300, feature_range=0.03, radius=0.04)  # scenes: 55 pixels
    settings = dataclasses.replace(tiny_settings, local=(stage, finer, finest))
    localiser = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))
    assert [stage["resolution"] for stage in localiser.to_state()[0]["settings"]["local"]] == [90, 150]
    assert np.median(errors(localiser, scenes[1])) < 1.0
    assert localiser.least_details == (150 / settings.max_oversampling,)
    scan = scenes[1][0][0]
    doubled = resize_scan(scan, tuple(2 * n for n in scan.pixels.shape))
    details = [localiser.find(one).evidence.detail for one in (scan, doubled)]
    assert details == pytest.approx([55, 110], rel=0.15)
    again = localiser.with_settings(with_vote_weight(settings, "uniform"), *zip(*scenes[0], strict=True))
    assert len(again.to_state()[0]["settings"]["local"]) == 2
    coarser = ForestLocaliser(settings=dataclasses.replace(settings, max_oversampling=2.0), n_jobs=2)
    coarser.fit(*zip(*scenes[0], strict=True))
    assert len(coarser.to_state()[0]["settings"]["local"]) == 1


def test_missing_annotations_are_learnt_around(scenes, tiny_settings):
    train = [(s, p) for s, p in scenes[0]]
    scan, points = train[0]
    positions = points.positions.copy()
    positions[1] = np.nan
    train[0] = (scan, Points(points.names, positions))
    localiser = ForestLocaliser(settings=tiny_settings).fit(*zip(*train, strict=True))
    assert np.median(errors(localiser, scenes[1])) < 1.0


def test_progress_is_reported_stage_by_stage(scenes, tiny_settings):
    reported = []
    ForestLocaliser(settings=tiny_settings).fit(
        *zip(*scenes[0], strict=True), progress=lambda stage, part: reported.append((stage, part))
    )
    assert [stage for stage, part in reported if part == 1.0] == [
        "global stage 1",
        "global stage 2",
        "local stage 1",
    ]


def test_volumes_go_the_same_way(tiny_settings):
    # Two bright balls in a small volume.
    rng = np.random.default_rng(0)
    grid = np.stack(np.mgrid[:20, :28, :28], axis=-1)
    scans, points = [], []
    for _ in range(10):
        places = np.array([[6.0, 8, 8], [13, 20, 19]]) + rng.normal(0, 0.8, (2, 3))
        image = rng.normal(10, 1, grid.shape[:3])
        for place, radius in zip(places, (3, 5), strict=True):
            image[np.linalg.norm(grid - place, axis=-1) < radius] = 100
        scans.append(Scan(image, modality="mri"))
        points.append(Points(("small", "large"), places))
    slow = dataclasses.replace(tiny_settings.coarse, resolution=20, step=2, n_copies=1)
    settings = dataclasses.replace(
        tiny_settings, pose=None, coarse=slow, local=(dataclasses.replace(tiny_settings.local[0], resolution=25),)
    )
    localiser = ForestLocaliser(settings=settings).fit(scans[:8], points[:8])
    found = localiser.locate(scans[9])
    assert np.linalg.norm(found.positions - points[9].positions, axis=1).max() < 2


def test_an_unfitted_localiser_says_so(scenes):
    with pytest.raises(NotFittedError):
        ForestLocaliser().locate(scenes[0][0][0])
    with pytest.raises(NotFittedError):
        ForestLocaliser().to_state()


def test_a_landmark_that_lies_as_in_no_training_image_is_absent_with_that_reason(fitted, scenes, monkeypatch):
    monkeypatch.setattr(fitted.prior_, "find_outliers", lambda positions: np.arange(len(positions)) == 2)
    points = fitted.locate(scenes[1][0][0])
    assert points.present.tolist() == [True, True, False, True]
    assert points.reasons[2] == "does not lie to the others as in any training image"
