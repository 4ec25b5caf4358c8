import dataclasses
import re
from urllib.parse import unquote

import pytest

from boneage.imaging import read_scan
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.pages.case import build_case_page, describe_age, describe_landmarks, list_regions
from boneage.pipeline.pages.folder import describe_heaviest, write_pages


@pytest.fixture(scope="module")
def assessed(pipeline, new):
    return pipeline.assess(read_scan(new / "images" / "phantom0002.png"), sex="F", id_="a <b>", path="in/a <b>.png")


@pytest.fixture
def refused():
    return Assessment("x&y", "in/x&y.png", "refused", "is <not> an image")


def find_links(text):
    return [unquote(link) for link in re.findall(r'(?:href|src)="([^"]*)"', text)]


def test_every_link_of_the_pages_leads_to_a_file(assessed, refused, tmp_path):
    picture = tmp_path / "over lays" / "a <b>#1.png"
    picture.parent.mkdir()
    picture.write_bytes(b"PNG")
    pictures = {assessed.id: picture, refused.id: tmp_path / "missing.png"}
    index = write_pages(tmp_path / "out", [assessed, refused], pictures, title="Hands", remarks=["phantoms: drawings"])
    pages = [index, *sorted((index.parent / "pages").iterdir())]
    assert [page.name for page in pages] == ["index.html", "0001.html", "0002.html"]
    for page in pages:
        text = page.read_text()
        links = find_links(text)
        assert links
        assert all((page.parent / link).resolve().is_file() for link in links)
        assert "<b>" not in text
        assert "<not>" not in text
        assert "<script" not in text
        assert "phantoms: drawings" in text
        assert "Research use only" in text


def test_the_index_has_age_status_and_reason_of_each_file(assessed, refused, tmp_path):
    text = write_pages(tmp_path, [assessed, refused], {}, title="Hands").read_text()
    assert "2 files: 1 ok, 0 flagged, 1 refused" in text
    assert text.count(describe_age(assessed)) >= 2
    assert "is &lt;not&gt; an image" in text
    assert 'class="card refused"' in text
    assert assessed.model in text


def test_the_page_of_a_hand_lists_its_regions(assessed):
    text = build_case_page(assessed, picture="", provenance={"date": "2026-01-02"}).render()
    for name, age, _months, weight in list_regions(assessed.estimate):
        assert f"<td>{name}</td><td>{age}</td>" in text
        assert f"<td>{weight}</td>" in text
    assert "37 of 37 found" in text
    assert "2026-01-02" in text


def test_the_page_of_a_hand_has_its_interval_or_says_why_it_has_none(assessed, calibrated, new):
    scan = read_scan(new / "images" / "phantom0001.png")
    page = build_case_page(calibrated.assess(scan, sex="F", level=0.95), picture="", provenance={}).render()
    assert re.search(r"<h1>.*: \d+ y \d+ m \(95 %: \d+ y \d+ m to \d+ y \d+ m\)</h1>", page)
    assert "by 209 calibration hands of this sex and age" in page
    page = build_case_page(assessed, picture="", provenance={}).render()
    assert "none: the model holds no calibration" in page


def test_the_page_of_a_refused_file_says_why_and_has_no_regions(refused):
    text = build_case_page(refused, picture="", provenance={}).render()
    assert "refused: is &lt;not&gt; an image" in text
    assert "Regions" not in text


def test_a_missing_region_has_dashes(assessed):
    months = (float("nan"), *assessed.estimate.region_months[1:])
    estimate = dataclasses.replace(assessed.estimate, region_months=months)
    assert list_regions(estimate)[0][1:] == ("missing", "-", "-")
    other = dataclasses.replace(assessed, estimate=estimate)
    assert estimate.region_names[0] not in describe_heaviest(other)


def test_without_landmarks_nothing_is_counted(refused):
    assert describe_landmarks(refused) == ""
    assert describe_heaviest(refused) == ""
