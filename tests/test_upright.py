import numpy as np
import pytest

from data_pipeline.depth_sources.ground import Kind, estimate_horizon, ground_ramp
from data_pipeline.depth_sources.subjects import (
    Stage,
    ground_edges,
    stage_of_person,
    subject_disparity,
)
from data_pipeline.depth_sources.upright import upright_disparity

HEIGHT, WIDTH = 101, 160
HORIZON = 40.0


def scene(*things):
    """Sky 0 to row 30, ground from row 70, a wall between; then things (kind, rows, columns)."""
    regions = np.full((HEIGHT, WIDTH), 2)
    regions[:30], regions[70:] = 0, 1
    kinds = [Kind.SKY, Kind.GROUND, Kind.WALL]
    for kind, rows, columns in things:
        regions[rows, columns] = len(kinds)
        kinds.append(kind)
    return regions, np.array(kinds)


def test_ground_ramp_preset():
    np.testing.assert_allclose(ground_ramp(5, 2.0), [0, 0, 0, 0.5, 1])
    np.testing.assert_allclose(ground_ramp(5, -4.0), np.arange(4, 9) / 8)


def test_ground_ramp_rejects_low_horizon():
    with pytest.raises(ValueError, match="above the lowest row"):
        ground_ramp(5, 4.0)


def test_estimate_horizon_between_sky_and_ground():
    regions, kinds = scene()
    assert estimate_horizon(regions, kinds, 0.46) == pytest.approx(0.46 * HEIGHT)
    assert estimate_horizon(regions, kinds, 0.1) == pytest.approx(29)
    assert 60 < estimate_horizon(regions, kinds, 0.9) < 70
    assert estimate_horizon(regions, np.where(kinds == Kind.GROUND, Kind.WALL, kinds)) is None


def test_estimate_horizon_near_roof_of_car():
    regions, kinds = scene((Kind.VEHICLE, slice(60, 80), slice(60, 100)))
    assert 56 < estimate_horizon(regions, kinds, 0.35) < 60


def test_upright_disparity_frontal_wall():
    regions, kinds = scene()
    disparity, weight = upright_disparity(regions, kinds, HORIZON)
    assert (disparity[:30] == 0).all()
    np.testing.assert_allclose(disparity[30:70], (69 - HORIZON) / (100 - HORIZON), atol=1e-5)
    ramp = np.repeat(ground_ramp(HEIGHT, HORIZON)[70:, None], WIDTH, axis=1)
    np.testing.assert_array_equal(disparity[70:], ramp)
    assert (weight[:30] == 1).all() and (weight[70:] == 1).all() and (weight[30:70] > 0.5).all()


@pytest.mark.parametrize("straight", [False, True])
def test_upright_disparity_receding_wall_is_linear(straight):
    regions, kinds = scene()
    feet = np.linspace(60, 95, WIDTH)
    rows = np.arange(HEIGHT)[:, None]
    regions = np.where(rows > feet, 1, np.where(rows < 20, 0, 2))
    disparity, _ = upright_disparity(regions, kinds, HORIZON, straight)
    expected = (feet - HORIZON) / (100 - HORIZON)
    np.testing.assert_allclose(disparity[30], expected, atol=0.03)
    assert (np.ptp(disparity[30:55], axis=0) == 0).all()


def test_upright_disparity_wall_turns_corners():
    regions, kinds = scene()
    feet = 60 + 30 * np.abs(np.linspace(-1, 1, WIDTH))
    rows = np.arange(HEIGHT)[:, None]
    regions = np.where(rows > feet, 1, np.where(rows < 20, 0, 2))
    disparity, _ = upright_disparity(regions, kinds, HORIZON)
    np.testing.assert_allclose(disparity[30], (feet - HORIZON) / (100 - HORIZON), atol=0.05)


def test_upright_disparity_receding_wall_cut_off_below():
    regions, kinds = scene()
    feet = np.linspace(70, 130, WIDTH)
    rows = np.arange(HEIGHT)[:, None]
    regions = np.where(rows > feet, 1, np.where(rows < 20, 0, 2))
    disparity, weight = upright_disparity(regions, kinds, HORIZON)
    cut = feet > 101
    assert (disparity[30, cut] >= 1).all() and (np.diff(disparity[30, cut]) >= 0).all()
    assert disparity[30, -1] > 1.2
    assert weight[30, -1] < weight[30, 0]


def test_upright_disparity_wall_nears_towards_its_cut():
    regions, kinds = scene((Kind.VOID, slice(70, HEIGHT), slice(60, 120)))
    regions[70:, 120:] = 2
    disparity, _ = upright_disparity(regions, kinds, HORIZON)
    assert disparity[50, 60] + 0.2 < disparity[50, 100] < disparity[50, 120] - 0.1


def test_upright_disparity_wall_cut_off_below_is_near():
    regions, kinds = scene()
    regions[70:, 60:] = 2
    disparity, _ = upright_disparity(regions, kinds, HORIZON)
    assert (disparity[40, 60:] >= 1).all() and disparity[40, 0] < 0.6


def test_upright_disparity_things_before_wall():
    regions, kinds = scene(
        (Kind.FIGURE, slice(50, 90), slice(20, 30)),
        (Kind.VEHICLE, slice(60, 80), slice(80, 110)),
        (Kind.FIGURE, slice(45, 55), slice(130, 136)),  # a sign on the wall
    )
    disparity, _ = upright_disparity(regions, kinds, HORIZON)
    wall, person, car, sign = (
        disparity[50, 0],
        disparity[50, 25],
        disparity[70, 90],
        disparity[50, 132],
    )
    assert wall < sign < car < person
    np.testing.assert_allclose(person, (89 - HORIZON) / (100 - HORIZON), atol=1e-5)
    np.testing.assert_allclose(car, (79 - HORIZON) / (100 - HORIZON), atol=1e-5)


def test_upright_disparity_row_of_cars_recedes():
    regions, kinds = scene((Kind.VEHICLE, slice(0, 0), slice(0, 0)))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    regions[(columns < 70) & (rows > 45) & (rows < 95 - columns / 2)] = 3
    disparity, _ = upright_disparity(regions, kinds, HORIZON)
    assert disparity[50, 5] > disparity[50, 65] + 0.3


def test_upright_disparity_wide_car_has_one_depth():
    regions, kinds = scene((Kind.VEHICLE, slice(60, 90), slice(60, 130)))
    regions[84:90, 78:112] = 1  # the ground between the wheels
    disparity, _ = upright_disparity(regions, kinds, HORIZON)
    np.testing.assert_allclose(disparity[regions == 3], (89 - HORIZON) / (100 - HORIZON), atol=1e-5)


def test_upright_disparity_cut_off_below_is_nearest():
    regions, kinds = scene((Kind.FIGURE, slice(20, HEIGHT), slice(60, 80)))
    disparity, _ = upright_disparity(regions, kinds, HORIZON)
    assert disparity[30, 70] > 1
    assert np.ptp(disparity[regions == 3]) == 0
    regions, kinds = scene((Kind.WALL, slice(0, HEIGHT), slice(0, 30)))
    disparity, _ = upright_disparity(regions, kinds, HORIZON)
    assert (disparity[:, :30] >= 1).all()


def test_upright_disparity_hidden_foot_is_behind():
    regions, kinds = scene((Kind.VEHICLE, slice(55, 75), slice(0, WIDTH)))
    disparity, weight = upright_disparity(regions, kinds, HORIZON)
    np.testing.assert_allclose(disparity[60, 80], (74 - HORIZON) / (100 - HORIZON), atol=1e-5)
    assert 0 < disparity[40, 80] < 0.9 * disparity[60, 80]
    assert weight[40, 80] < weight[60, 80]


def test_upright_disparity_without_ground():
    regions, kinds = scene((Kind.FIGURE, slice(50, 90), slice(20, 30)))
    kinds[1] = Kind.WALL
    disparity, weight = upright_disparity(regions, kinds, None)
    assert disparity[5, 5] == 0 < disparity[50, 5] < disparity[60, 25]
    assert weight.max() < 0.5


def test_upright_disparity_rejects_unknown_region():
    regions, kinds = scene()
    with pytest.raises(ValueError, match="ids below 2"):
        upright_disparity(regions, kinds[:2], HORIZON)


def test_upright_disparity_without_any_label():
    regions, kinds = np.zeros((30, 40), int), np.array([Kind.VOID])
    disparity, weight = upright_disparity(regions, kinds, 10.0)
    assert (disparity == 0).all() and 0 < weight.max() < 0.2


def person():
    mask = np.zeros((200, 120), bool)
    mask[20:180, 50:70] = True
    return mask


def test_stage_of_person_horizon_within_body():
    stage = stage_of_person(person())
    assert 0.1 < stage.horizon < stage.edge < 0.9
    with pytest.raises(ValueError, match="must not be empty"):
        stage_of_person(np.zeros((9, 7), bool))


def test_ground_edges_finds_foot_of_wall():
    mask = person()
    stage = stage_of_person(mask)
    foot = np.linspace(105, 135, 120)
    picture = np.where((np.arange(200)[:, None] < foot)[..., None], (150, 60, 40), (120, 120, 120))
    noise = np.random.default_rng(5).integers(-6, 6, picture.shape)
    edges = ground_edges((picture + noise).astype(np.uint8), mask, stage)
    np.testing.assert_allclose(edges, foot, atol=6)


def test_subject_disparity_before_background():
    mask = person()
    disparity, weight = subject_disparity(mask, Stage(0.3, 0.5))
    np.testing.assert_allclose(disparity[mask], (179 - 60) / (199 - 60), atol=1e-5)
    assert (disparity[50][~mask[50]] == disparity[0, 0]).all()
    assert (np.diff(disparity[100:, 0]) > 0).all()
    assert weight[mask].min() > 2 * weight[~mask].max()


def test_subject_disparity_airborne_leads_its_background():
    mask = np.zeros((200, 120), bool)
    mask[10:40, 50:70] = True
    disparity, weight = subject_disparity(mask, Stage(0.3, 0.5, airborne=True))
    assert disparity[20, 60] > disparity[20, 0] + 0.1
    assert weight[20, 60] < 0.9


def test_subject_disparity_cut_off_below_is_nearest():
    mask = person()
    mask[180:, 50:70] = True
    assert subject_disparity(mask, Stage(0.3, 0.5))[0][50, 60] > 1


def test_subject_disparity_rejects_wrong_edges():
    with pytest.raises(ValueError, match=r"edges must be \(120,\)"):
        subject_disparity(person(), Stage(0.3, 0.5), np.zeros(7))
