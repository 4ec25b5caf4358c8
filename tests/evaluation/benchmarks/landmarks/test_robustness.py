import numpy as np
import pytest

from boneage.evaluation.benchmarks.landmarks.robustness import CHANGES, measure_robustness, tabulate_robustness
from boneage.imaging import Points, Scan
from boneage.pipeline.data import load_collection


@pytest.mark.parametrize("name", [name for name in CHANGES if name not in ("inverted", "a marker on the hand")])
def test_a_change_moves_image_and_landmarks_together(name):
    pixels = np.full((90, 120), 10.0)
    pixels[30:33, 50:53] = 200.0
    scan, points = Scan(pixels).as_resized_copy_of((180, 120)), Points(("spot",), [[62.5, 51.0]])
    changed, moved = CHANGES[name](scan, points)
    peak = np.mean(np.argwhere(changed.pixels > changed.pixels.max() * 0.8), axis=0)
    assert np.linalg.norm(peak - moved.positions[0]) < 2.0


class Constant:
    """Finds every landmark of the truth's names at one place."""

    def __init__(self, names):
        self.names = names

    def locate(self, scan):
        return Points(self.names, np.tile(np.array(scan.pixels.shape) / 2.0, (len(self.names), 1)))


def test_every_change_is_measured_on_every_hand_and_cropped_landmarks_are_not_counted(known):
    hands = load_collection([known / "images"], landmarks=known / "landmarks.csv")
    hands = hands.subset(hands.annotated_ids[:2])
    names = hands.landmarks.names
    changes = {name: CHANGES[name] for name in ("as it is", "the lower fifth cropped away")}
    calls = []
    results = measure_robustness(
        hands, Constant(names), None, changes=changes, report=lambda *progress: calls.append(progress)
    )
    assert [result.change for result in results] == list(changes)
    assert all(result.distances.shape == (2, len(names)) for result in results)
    n_inside = [np.isfinite(result.distances).sum() for result in results]
    assert n_inside[1] < n_inside[0]
    assert calls == [("robustness", 0.5), ("robustness", 1.0)]
    header, rows = tabulate_robustness(results, "px")
    assert header[:2] == ["change", "mean px"]
    assert [row[0] for row in rows] == list(changes)
    assert {len(row) for row in rows} == {len(header)}
