import pytest

from boneage.imaging.plain_data import from_plain_data, to_plain_data
from boneage.imaging.standardise import StandardiseSettings


def test_settings_are_plain_data():
    settings = StandardiseSettings(size=200)
    assert from_plain_data(StandardiseSettings, to_plain_data(settings)) == settings


def test_an_unknown_field_is_named():
    with pytest.raises(ValueError, match="unknown"):
        from_plain_data(StandardiseSettings, {"unknown": 1})
