import numpy as np
import pytest
from PIL import Image

from boneage.imaging import Frame
from boneage.pipeline.colouring import lay_colours, outline_cells, spread_cells, viridis

TO_PICTURE = Frame.from_linear(10 * np.eye(2), (20.0, 5.0))  # cells of 10 pixels, the first one's middle at (20, 5)


def test_where_nothing_is_laid_the_picture_stays():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 5, 3), dtype=np.uint8))
    opacity = np.zeros((4, 5))
    opacity[1, 2] = 1
    laid = np.asarray(lay_colours(picture, np.full((4, 5, 3), 0.4), opacity))
    assert (laid[1, 2] == 102).all()
    rest = np.arange(20).reshape(4, 5) != 7
    assert np.array_equal(laid[rest], np.asarray(picture)[rest])


def test_cells_are_where_their_frame_says():
    cells = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    values, inside = spread_cells(cells, TO_PICTURE, Image.new("RGB", (60, 50)))
    assert values.shape == inside.shape == (50, 60)
    assert values[20:31:10, 5:26:10] == pytest.approx(cells)
    assert values[25, 10] == pytest.approx(cells[:, :2].mean())
    assert inside[16:34, :29].all()
    assert not inside[:14].any()
    assert not inside[37:].any()
    assert not inside[:, 32:].any()


def test_the_outline_is_half_a_cell_beyond_the_middles():
    assert outline_cells((2, 3), TO_PICTURE) == [(0, 15), (30, 15), (30, 35), (0, 35), (0, 15)]


def test_viridis_grows_lighter():
    assert viridis().shape == (256, 3)
    assert (np.diff(viridis() @ [0.2126, 0.7152, 0.0722]) > -1e-3).all()
