from html.parser import HTMLParser

from boneage.pipeline.pages.html import Page


class Checker(HTMLParser):
    """Counts tags that are open, and keeps the text."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)
        places = [value for name, value in attrs if name in ("src", "href")]
        assert all(place.startswith("data:image/") for place in places), "a page must load nothing"

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
