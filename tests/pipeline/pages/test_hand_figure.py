import base64
import io

import numpy as np
import pytest
from PIL import Image

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
