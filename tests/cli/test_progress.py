import io

from rich.console import Console

from boneage.cli.progress import show_stages


def test_each_stage_has_its_bar():
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with show_stages(console) as report:
        report("reading", 0.5)
        report("reading", 1.0)
        report("writing", 1.0)
    last = console.file.getvalue()
    assert "reading" in last
    assert "writing" in last
