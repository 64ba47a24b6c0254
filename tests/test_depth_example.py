from data_pipeline.packs.depth_example import size_within


def test_size_within_preset():
    assert size_within(300, 700) == (206, 480)
    assert size_within(1024, 580) == (480, 272)
    assert size_within(100, 101) == (100, 101)
