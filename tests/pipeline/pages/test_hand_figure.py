import base64
import io

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import Scan
from boneage.pipeline.pages.hand_figure import draw_hand_figure


def test_marks_lie_on_the_landmarks_and_outlines_around_them(scan, assessed):
    figure = draw_hand_figure(scan, assessed)
    assert figure.height == 1000
    scale = np.array((figure.height, figure.width)) / scan.pixels.shape
    expected = (assessed.points.positions + 0.5) * scale - 0.5
    marks = np.array([(mark.y, mark.x) for mark in figure.marks])
    assert marks == pytest.approx(expected, abs=0.06)
    assert {mark.title.split(",")[0] for mark in figure.marks} == set(assessed.points.names)
    assert len(figure.outlines) == len(assessed.estimate.region_names)
    radius = next(outline for outline in figure.outlines if outline.title.startswith("radius: "))
    corners = np.array([tuple(map(float, corner.split(","))) for corner in radius.corners.split()])
    assert corners.shape == (4, 2)


def test_the_image_may_be_smaller_than_the_grid_of_its_marks(scan, assessed):
    figure = draw_hand_figure(scan, assessed, height=200)
    picture = Image.open(io.BytesIO(base64.b64decode(figure.image.partition(",")[2])))
    assert picture.size == (round(figure.width / 5), 200)
    assert figure.height == 1000


def test_outlines_of_centres_are_closed_lines_where_the_labels_are(outlined):
    scan = Scan(np.random.default_rng(0).uniform(0, 255, (300, 200)), source="a")
    figure = draw_hand_figure(scan, outlined)
    titles = {outline.title.partition(":")[0]: outline for outline in figure.centres}
    assert list(titles) == ["joint", "radius", "a part without a name"]
    assert [outline.thin for outline in figure.centres] == [True, False, False]
    scale = figure.height / 300
    corners = np.array([[float(x) for x in corner.split(",")] for corner in titles["radius"].corners.split()])
    assert corners.min(axis=0) == pytest.approx(np.array([80, 260]) * scale, abs=scale)
    assert corners.max(axis=0) == pytest.approx(np.array([109, 269]) * scale, abs=scale)
    assert len(corners) < 9
    assert figure.outlines == ()
