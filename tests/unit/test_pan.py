"""When a shown weight counts: stable, in range, fresh, and the last load gone."""

from devices.drivers.scale.capture import Pan


def pan() -> Pan:
    return Pan(empty_g=2, min_load_g=5)


def test_a_stable_load_counts_once_until_the_pan_was_empty() -> None:
    p = pan()
    p.sample(0, True, 1, 0.0)
    p.sample(400, False, 1, 0.1)
    assert p.weight_g(0.1) is None
    p.sample(500, True, 1, 0.2)
    p.sample(500, True, 1, 0.3)
    assert p.weight_g(0.3) == 500
    p.take()
    p.sample(700, True, 1, 0.4)
    p.sample(700, True, 1, 0.5)
    assert p.weight_g(0.5) is None and "lift the load" in p.why_not()
    p.sample(1, False, 1, 0.6)
    p.sample(700, True, 1, 0.7)
    p.sample(700, True, 1, 0.8)
    assert p.weight_g(0.8) == 700


def test_a_load_of_unknown_age_never_counts() -> None:
    p = pan()
    for i in range(5):
        p.sample(500, True, 1, i / 10)
    assert p.weight_g(0.4) is None


def test_an_old_sample_never_counts() -> None:
    p = pan()
    for weight_g, at_s in ((0, 0.0), (500, 0.1), (500, 0.2)):
        p.sample(weight_g, True, 1, at_s)
    assert p.weight_g(0.2) == 500
    assert p.weight_g(1.0) is None
    assert p.weight_g(0.3, not_before_s=0.25) is None


def test_a_drift_called_stable_does_not_count() -> None:
    p = pan()
    for weight_g, at_s in ((0, 0.0), (480, 0.1), (490, 0.2), (500, 0.3)):
        p.sample(weight_g, True, 1, at_s)
        assert p.weight_g(at_s) is None


def test_out_of_range_lasts_from_its_first_sign_to_its_last() -> None:
    p = pan()
    assert p.out_for_s() == (0.0, False)
    p.out_of_range(True, 1.0)
    assert p.out_for_s() == (0.0, True)
    p.out_of_range(True, 1.5)
    assert p.out_for_s() == (0.5, True)
    assert p.out_for_s(since_s=1.25) == (0.25, True)
    assert p.out_for_s(since_s=9.0) == (0.0, True), "nothing was said since: the last load's overload"
    p.out_of_range(False, 1.75)
    assert p.out_for_s() == (0.0, False)
    p.sample(500, True, 1, 2.0)
    assert p.out_for_s() == (0.0, False)
