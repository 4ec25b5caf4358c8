import numpy as np
from PIL import Image, ImageDraw

from boneage.imaging import Frame, Points
from boneage.pipeline.visualisation.annotations import (
    draw_error,
    draw_lines,
    draw_points,
    draw_regions,
    landmark_colours,
    normalise_weights,
    weight_colour,
)
from boneage.regression import AgeEstimate, RegionStack

AMBER, PINK = (255, 176, 0), (220, 80, 140)
DEPTH = Frame.from_linear(np.eye(3), [7.0, 2.0, 3.0])


def pixels_of(picture, colour):
    return np.argwhere((np.asarray(picture) == colour).all(axis=2))


def test_points_in_space_are_drawn_at_the_last_two_axes_and_doubtful_ones_in_another_colour():
    points = Points(("a", "b", "c"), [[5, 20, 30], [99, 60, 70], [np.nan] * 3], reasons=("", "few votes", "no votes"))
    picture = Image.new("RGB", (100, 100))
    draw_points(ImageDraw.Draw(picture), points, DEPTH)
    assert np.allclose(pixels_of(picture, AMBER).mean(axis=0), [22, 33], atol=0.6)
    assert np.allclose(pixels_of(picture, PINK).mean(axis=0), [62, 73], atol=0.6)
    assert landmark_colours(Points(("a",), [[1, 2]])) == [AMBER]


def test_a_line_needs_both_its_landmarks():
    points = Points(("a", "b", "c"), [[20, 20], [20, 80], [np.nan, np.nan]])
    picture = Image.new("RGB", (100, 100))
    draw_lines(ImageDraw.Draw(picture), points, [("a", "b"), ("b", "c"), ("a", "no such landmark")], Frame.identity(2))
    drawn = np.argwhere(np.asarray(picture).any(axis=2))
    assert (drawn[:, 0] == 20).all()
    assert (drawn[:, 1].min(), drawn[:, 1].max()) == (20, 80)


def test_outlines_are_as_bright_as_their_weights_beside_others_of_their_stack():
    def make(names, *corners):
        frames = tuple(Frame.from_linear(np.eye(2), corner) for corner in corners)
        return RegionStack(names, np.zeros((len(names), 20, 20), np.float32), np.ones(len(names), bool), frames)

    hand, bones = make(("hand",), (5.0, 5.0)), make(("radius", "ulna"), (40.0, 5.0), (40.0, 60.0))
    estimate = AgeEstimate(90.0, ("hand", "radius", "ulna"), (90.0, 90.0, 90.0), (0.5, 0.4, 0.1))
    assert normalise_weights(estimate, bones.names) == {"radius": 1.0, "ulna": 0.25}
    assert normalise_weights(estimate, ("ulna", "hand")) == {"ulna": 0.2, "hand": 1.0}
    assert normalise_weights(None, bones.names) == {}
    nothing = AgeEstimate(90.0, ("hand", "radius"), (90.0, np.nan), (1.0, 0.0))
    assert normalise_weights(nothing, ("radius",)) == {"radius": 0.0}
    picture = Image.new("RGB", (100, 100))
    draw_regions(ImageDraw.Draw(picture), [hand, bones], Frame.identity(2), estimate)
    assert picture.getpixel((15, 5)) == picture.getpixel((15, 40)) == weight_colour(1.0) != weight_colour(0.25)
    assert picture.getpixel((70, 40)) == weight_colour(0.25)
    draw_regions(ImageDraw.Draw(picture), [hand, bones], Frame.identity(2))
    assert [picture.getpixel(place) for place in ((15, 5), (15, 40), (70, 40))] == [weight_colour(0.0)] * 3


def test_a_pair_is_marked_in_a_picture_of_any_shape():
    picture = draw_error(Image.new("RGB", (200, 100)), np.array([50.0, 30.0]), np.array([50.0, 160.0]))
    assert picture.size == (200, 100)
    red = np.argwhere(np.asarray(picture)[..., 0].astype(int) - np.asarray(picture)[..., 2] > 150)
    assert np.allclose(red.mean(axis=0), [50, 160], atol=1)
