from boneage.evaluation.metrics import list_age_bands, name_age_band


def test_every_age_has_a_band():
    named = [name_age_band(months) for months in range(0, 301)]
    assert list(dict.fromkeys(named)) == list_age_bands()
    assert name_age_band(179.9) == "10 to 14 years"
