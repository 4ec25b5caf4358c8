import numpy as np
import pytest
from PIL import Image

from boneage.imaging import Frame
from boneage.pipeline.visualisation.colormap import (
    blend_colours,
    interpolate_cells,
    outline_cells,
    stretch,
    tint,
    viridis,
)

TO_PICTURE = Frame.from_linear(10 * np.eye(2), (20.0, 5.0))  # cells of 10 pixels, the first one's middle at (20, 5)


def test_where_nothing_is_laid_the_picture_stays():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 5, 3), dtype=np.uint8))
    opacity = np.zeros((4, 5))
    opacity[1, 2] = 1
    values = np.asarray(blend_colours(picture, np.full((4, 5, 3), 0.4), opacity))
    assert (values[1, 2] == 102).all()
    rest = np.arange(20).reshape(4, 5) != 7
    assert np.array_equal(values[rest], np.asarray(picture)[rest])


def test_cells_are_where_their_frame_says():
    cells = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    values, inside = interpolate_cells(cells, TO_PICTURE, Image.new("RGB", (60, 50)))
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


def test_the_higher_the_votes_the_less_is_seen_of_the_picture():
    grey = np.full((1, 3), 0.5, np.float32)
    nought, some, most = np.asarray(tint(grey, np.array([[0.0, 0.2, 1.0]], np.float32))).astype(int)[0]
    assert nought.tolist() == [128, 128, 128]
    assert 0 < np.ptp(some) < np.ptp(most)
    assert tint(grey, None).getpixel((2, 0)) == (128, 128, 128)


def test_cells_in_space_have_their_silhouette_outlined():
    (x, y), *_ = corners = outline_cells((2, 3, 4), Frame.from_linear(np.eye(3), [9, 0, 0]))
    assert corners[-1] == (x, y)
    assert set(corners) == {(-0.5, -0.5), (3.5, -0.5), (3.5, 2.5), (-0.5, 2.5)}


def test_grey_values_are_stretched_to_what_is_shown():
    grey = stretch(np.array([[np.nan, 10.0], [20.0, 15.0]], np.float32))
    assert grey[0].tolist() == [0.25, 0.0]
    assert grey[1].tolist() == [1.0, 0.5]
    assert (stretch(np.full((2, 2), np.nan, np.float32)) == 0.25).all()
