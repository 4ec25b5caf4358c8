import numpy as np
from PIL import Image

from boneage.imaging import Frame, Scan
from boneage.pipeline.hand_centres import HandCentres
from boneage.pipeline.visualisation.centres import draw_centres
from boneage.pipeline.visualisation.outlines import GROUPS, JOINT, draw_outlines, to_palette_image
from boneage.pipeline.visualisation.panels import HEIGHT, WARNING
from boneage.regression.segmentation.anatomy import UNNAMED, list_centres
from boneage.regression.segmentation.measures import CentreMeasure


def make_centres():
    """A radius of 20x20 pixels, a part without a name, and a joint, in 100x80 pixels."""
    bones, joints = np.zeros((100, 80), np.uint8), np.zeros((100, 80), np.uint8)
    bones[10:30, 10:30] = 1
    bones[50:60, 50:60] = UNNAMED
    joints[70:90, 10:30] = 3
    measures = {
        kind: tuple(CentreMeasure(name, one.group, name == "radius", 1.0) for name, one in list_centres(kind).items())
        for kind in ("bones", "joints")
    }
    return HandCentres({"bones": bones, "joints": joints}, measures, {"bones": 1, "joints": 0})


def test_outlines_lie_at_the_edges_in_the_colour_of_their_group():
    picture = Image.new("RGB", (80, 100))
    draw_outlines(picture, Frame.identity(2), make_centres())
    assert picture.getpixel((20, 10)) == GROUPS["forearm"]
    assert picture.getpixel((55, 50)) == WARNING
    assert picture.getpixel((20, 70)) == JOINT
    assert picture.getpixel((20, 20)) == (0, 0, 0)


def test_a_map_into_the_picture_is_followed():
    picture = Image.new("RGB", (160, 200))
    draw_outlines(picture, Frame.resize((100, 80), (200, 160)), make_centres())
    assert picture.getpixel((40, 20)) == GROUPS["forearm"]


def test_a_label_map_keeps_its_numbers_and_has_colours():
    labels = make_centres().labels["bones"]
    image = to_palette_image(labels)
    assert image.mode == "P"
    assert np.array_equal(np.asarray(image), labels)
    colours = image.convert("RGB")
    assert colours.getpixel((0, 0)) == (0, 0, 0)
    assert colours.getpixel((55, 55)) == (255, 255, 255)
    assert len({image.getpalette()[3 * k : 3 * k + 3][0] for k in range(1, 29)}) > 8


def test_the_panel_stands_beside_the_picture():
    picture = draw_centres(Scan(np.eye(100, 80, dtype=np.float32)), make_centres(), "hand")
    assert picture.height == HEIGHT
    assert picture.width > 0.8 * HEIGHT
