import io

import numpy as np

from boneage.imaging import Scan
from boneage.imaging.standardise import standardise
from boneage.pipeline.visualisation.contact_sheet import draw_contact_sheet, draw_one, draw_pair


def as_png(picture):
    content = io.BytesIO()
    picture.save(content, format="PNG")
    return content.getvalue()


def test_a_pair_is_before_and_after_in_true_proportions():
    scan = Scan(np.pad(np.full((40, 40), 200.0), ((0, 0), (40, 40)))).as_resized_copy_of((80, 120))
    pair = np.asarray(draw_pair(scan, standardise(scan)))
    assert pair.shape == (150, 300, 3)
    before = pair[:, :150]
    assert (before[75, 60:90] > 180).all()
    assert (before[5, 75] == before[-5, 75]).all()


def test_a_sheet_has_a_place_for_each_pair_and_long_ids_are_shortened():
    scan = Scan(np.eye(30))
    pair = as_png(draw_pair(scan, standardise(scan)))
    one = draw_contact_sheet([("a", pair)])
    many = draw_contact_sheet([(f"id{k}" * 40, pair) for k in range(13)])
    assert many.width > 5 * one.width
    assert many.height > 2.5 * one.height
    assert many.width < 2000


def test_single_pictures_take_half_of_the_width_and_volumes_are_seen_from_the_front():
    rng = np.random.default_rng(0)
    flat, volume = Scan(rng.normal(size=(40, 20))), Scan(rng.normal(size=(9, 40, 20)))
    cells = [draw_one(scan) for scan in (flat, volume)]
    assert {cell.size for cell in cells} == {(150, 150)}
    shown = [np.asarray(cell)[75, :, 0] for cell in cells]
    assert all((row[:35] == row[0]).all() and len(set(row[40:110].tolist())) > 5 for row in shown)
    sheet = draw_contact_sheet([("1: a", as_png(cells[0])), ("2: b", as_png(cells[1]))], paired=False)
    assert sheet.width == 2 * 158 + 8


def test_names_with_accents_look_alike_however_they_are_written():
    cell = as_png(draw_one(Scan(np.eye(30))))
    composed, decomposed = (draw_contact_sheet([(name, cell)], paired=False) for name in ("Zo\u00eb", "Zoe\u0308"))
    assert np.array_equal(composed, decomposed)
