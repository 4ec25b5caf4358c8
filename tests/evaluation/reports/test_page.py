from boneage.evaluation.reports.page import ReportPage


def test_figures_are_on_the_page_and_beside_it(tmp_path):
    page = ReportPage("title")
    page.show_figure("curve", "<svg></svg>", "what it shows")
    page.write(tmp_path / "report.html")
    assert (tmp_path / "figures" / "curve.svg").read_text() == "<svg></svg>"
    assert "<svg></svg><figcaption>what it shows" in (tmp_path / "report.html").read_text()


def test_a_page_names_the_program_and_the_date(tmp_path):
    page = ReportPage("title")
    page.write(tmp_path / "report.html")
    assert "Made by boneage " in (tmp_path / "report.html").read_text()
