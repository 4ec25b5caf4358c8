import dataclasses
import json
import re
from urllib.parse import unquote

import pytest
from PIL import Image

from boneage.pipeline.pages.index import CASES, THUMBNAILS, write_case, write_index


@pytest.fixture
def folder(tmp_path):
    for name in (CASES, THUMBNAILS):
        (tmp_path / name).mkdir()
    return tmp_path


def write_rows(folder, assessments):
    write_index(folder, assessments)
    return json.loads(re.search(r'id="data">(.*?)</script>', (folder / "index.html").read_text(), re.DOTALL)[1])


def test_the_index_has_a_row_for_each_hand_that_leads_to_its_page(scan, assessed, refused, folder):
    write_case(folder, scan, assessed)
    hand, other = write_rows(folder, [assessed.without_regions(), refused])
    text = (folder / "index.html").read_text()
    assert "<script>a" not in text
    assert "2 hands" in text
    assert "1 refused" in text
    assert assessed.model in text
    assert "Research use only" in text
    assert not re.search(r"https?:", text)
    assert hand[:3] == [assessed.id, "ok", "F"]
    assert hand[3] == round(assessed.estimate.months, 1)
    assert hand[5:7] == [120.0, round(assessed.comparison.sd_score, 2)]
    page, picture = (folder / unquote(address) for address in hand[9:])
    assert page.is_file()
    with Image.open(picture) as small:
        assert max(small.size) == 120
    assert other == ["x&y", "refused", "", None, "", None, None, "", "is <not> an image", "", ""]


def test_a_page_that_could_not_be_written_or_is_older_than_the_row_is_not_linked(scan, assessed, refused, folder):
    assert write_rows(folder, [assessed])[0][9:] == ["", ""]
    write_case(folder, scan, dataclasses.replace(assessed, id=refused.id))
    assert write_rows(folder, [refused])[0][9:] == ["", ""]


def test_addresses_are_quoted(scan, assessed, folder):
    strange = dataclasses.replace(assessed, id="a/b #2?.png")
    write_case(folder, scan, strange)
    page = write_rows(folder, [strange])[0][9]
    assert re.fullmatch(r"cases/a_b%20%232%3F\.png-[0-9a-f]+\.html", page)
    assert (folder / unquote(page)).is_file()


def test_columns_that_no_hand_has_are_hidden(scan, assessed, refused, folder):
    def hidden():
        return re.search(r"^(\.[^{]*) { display: none; }$", (folder / "index.html").read_text(), re.MULTILINE)

    write_rows(folder, [assessed.without_regions(), refused])
    assert hidden() is None
    assert "Brush Foundation" in (folder / "index.html").read_text()
    write_rows(folder, [refused])
    assert hidden()[1] == ".interval, .chronological, .score"
    assert "Brush Foundation" not in (folder / "index.html").read_text()
