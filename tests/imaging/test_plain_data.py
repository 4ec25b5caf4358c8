from dataclasses import dataclass

import pytest

from boneage.imaging.plain_data import STRICT, from_plain_data, to_plain_data


@dataclass(frozen=True)
class Stage:
    __pydantic_config__ = STRICT

    resolution: float
    sizes: tuple[int, ...] = (1, 3)

    def __post_init__(self):
        if self.resolution <= 0:
            raise ValueError(f"resolution must be positive, got {self.resolution}")


@dataclass(frozen=True)
class Settings:
    __pydantic_config__ = STRICT

    stages: tuple[Stage, ...]


def test_settings_come_back_and_make_the_same_file():
    settings = Settings((Stage(60), Stage(0.5, (5,))))
    data = to_plain_data(settings)
    assert data == {"stages": ({"resolution": 60.0, "sizes": (1, 3)}, {"resolution": 0.5, "sizes": (5,)})}
    assert from_plain_data(Settings, data) == settings
    assert str(to_plain_data(from_plain_data(Settings, data))) == str(data)
    assert from_plain_data(Settings, {"stages": [{"resolution": 2}]}) == Settings((Stage(2.0),))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resolution": "high"}, r"stages\.0\.resolution: .*number"),
        ({"resolution": -1}, r"stages\.0: .*must be positive, got -1"),
        ({"size": 3}, r"stages\.0\.size: Unexpected"),
        ({"sizes": 3}, r"stages\.0\.sizes: .*tuple"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change, message):
    with pytest.raises(ValueError, match=message):
        from_plain_data(Settings, {"stages": [{"resolution": 60, **change}]})


def test_a_missing_field_is_named():
    with pytest.raises(ValueError, match=r"stages\.0\.resolution"):
        from_plain_data(Settings, {"stages": [{}]})
