from html.parser import HTMLParser

import pytest

from boneage.pipeline.pages.html import Card, Page


class Checker(HTMLParser):
    """Counts tags that are open, and keeps the text."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img"):
            self.open.append(tag)
        places = [value for name, value in attrs if name in ("src", "href")]
        assert all(place.startswith("data:image/png;base64,") for place in places), "a page must load nothing"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_a_page_is_whole_loads_nothing_and_escapes_what_it_is_given():
    page = Page("Errors & <more>")
    page.add_heading("<script>")
    page.add_text("1 < 2", note=True)
    page.add_table(["name", "mean"], [["<b>radius</b>", "0.9"]])
    page.add_figure("<svg></svg>", "a < b")
    page.add_heading("finer", 3)
    with page.folded("more & more", opened=True):
        page.add_pictures([(b"PNG", 'hand "1" <script>'), (b"PNG", "hand 2")])
    text = page.render()
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert "<script>" not in text
    assert "<b>radius</b>" in "".join(checker.text)
    assert text.startswith("<!doctype html>")
    assert text.count("<img") == 2
    assert "<details open><summary>more &amp; more</summary>" in text


def test_large_pictures_have_a_class_of_their_own():
    page = Page("Pictures")
    page.add_pictures([(b"PNG", "a")])
    assert 'class="large' not in page.render()
    page.add_pictures([(b"PNG", "a")], large=True)
    assert '<div class="large pictures">' in page.render()


def test_cards_links_and_picture_files_are_escaped():
    page = Page("Hands")
    page.add_cards([Card("<b>", ("1 < 2",), "pages/a b#1.html", 'over"lay.png', "flagged"), Card("x", (), "y.html")])
    page.add_links([("<next>", "a b.html")])
    page.add_picture_file("a&b.png", 'a "hand"')
    page.add_table(["hand"], [["<i>"]], links=["p?q.html"], text=True)
    text = page.render()
    assert "<b>" not in text
    assert "<i>" not in text
    assert 'class="card flagged" href="pages/a%20b%231.html"' in text
    assert "over%22lay.png" in text
    assert "no picture" in text
    assert 'href="p%3Fq.html">&lt;i&gt;</a>' in text
    assert 'alt="a &quot;hand&quot;"' in text


def test_a_table_needs_a_link_for_each_row():
    with pytest.raises(ValueError, match="shorter"):
        Page("Hands").add_table(["hand"], [["1"], ["2"]], links=["1.html"])
