import io

from rich.console import Console

from boneage.cli.progress import show_stages, track


def test_each_stage_has_its_bar():
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with show_stages(console) as report:
        report("reading", 0.5)
        report("reading", 1.0)
        report("writing", 1.0)
    last = console.file.getvalue()
    assert "reading" in last
    assert "writing" in last


def test_tracking_passes_everything_on_and_counts():
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    assert list(track(iter("abc"), total=3, label="hands", console=console)) == ["a", "b", "c"]
    assert "3/3" in console.file.getvalue()
