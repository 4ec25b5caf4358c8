from numba.core.caching import FunctionCache

from boneage.imaging.jit import compiled


def test_a_compiled_function_returns_what_it_returned():
    @compiled
    def triangle(n):
        total = 0
        for k in range(n + 1):
            total += k
        return total

    assert triangle(10) == 55


def test_compiled_code_is_kept_where_it_can_be(tmp_path, monkeypatch):
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))

    def save(name):
        @compiled
        def double(number):
            return 2 * number

        assert double(len(name)) == 2 * len(name)
        return [path.suffix for path in tmp_path.rglob("*.nb?")]

    assert sorted(save("kept")) == [".nbc", ".nbi"]

    def fail(self, sig, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FunctionCache, "save_overload", fail)
    assert len(save("not kept")) == 2
