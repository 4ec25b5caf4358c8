from boneage.cli.options import err_console, out_console, remark


def test_remarks_go_to_the_error_stream_as_they_are(capsys):
    remark(["[red] is no markup", "a long line " * 30])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "  [red] is no markup\n  " + "a long line " * 30 + "\n"
    assert out_console() is out_console()
    assert err_console().stderr
