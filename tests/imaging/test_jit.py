from boneage.imaging.jit import compiled


def test_a_compiled_function_returns_what_it_returned():
    @compiled
    def triangle(n):
        total = 0
        for k in range(n + 1):
            total += k
        return total

    assert triangle(10) == 55
