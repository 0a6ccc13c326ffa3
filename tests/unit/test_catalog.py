"""What ships in its own container and what a bag may be: refusals of nonsense, each with its code; the same from files."""

from pathlib import Path

import pytest

from simulators.scenarios import files
from wms.foundation.catalog import rules
from wms.kernel.errors import Refusal

CARTON, FLAT = (300, 200, 100), (300, 200, 0)


@pytest.mark.parametrize(
    ("size", "weight_g", "fragile", "bundle", "code"),
    [
        ((1_200, 800, 150), 24_000, False, False, ""),
        ((3_000, 10, 10), 70_000, False, False, ""),
        ((1_200, 800, 150), 24_000, True, False, "catalog.fragile_as_it_is"),
        ((1_200, 800, 150), 24_000, False, True, "catalog.bundle_as_it_is"),
        ((3_001, 10, 10), 24_000, False, False, "catalog.too_large_as_it_is"),
        ((10, 10, 3_001), 24_000, False, False, "catalog.too_large_as_it_is"),
        ((1_200, 800, 150), 70_001, False, False, "catalog.too_large_as_it_is"),
    ],
)
def test_what_may_ship_as_it_is(
    size: tuple[int, int, int], weight_g: int, fragile: bool, bundle: bool, code: str
) -> None:
    try:
        rules.check_own_container("TV", size, weight_g, fragile=fragile, bundle=bundle)
    except Refusal as refusal:
        assert refusal.code == code
        assert refusal.params["sku"] == "TV"
    else:
        assert code == ""


@pytest.mark.parametrize(
    ("inner", "outer", "bag", "code"),
    [
        (CARTON, (310, 210, 110), False, ""),
        (FLAT, (304, 204, 0), True, ""),
        (CARTON, (310, 210, 110), True, "catalog.not_flat"),
        (FLAT, (304, 204, 2), True, "catalog.not_flat"),
        (FLAT, (310, 210, 110), False, "catalog.not_flat"),
        (CARTON, (310, 210, 0), False, "catalog.not_flat"),
        (FLAT, (204, 290, 0), True, "catalog.inside_out"),
        ((0, 200, 0), (304, 204, 0), True, "catalog.absurd_size"),
        ((300, 200, -1), (304, 204, 0), True, "catalog.not_flat"),
        ((300, 200, -1), (310, 210, 110), False, "catalog.absurd_size"),
    ],
)
def test_a_bag_lies_flat_and_a_carton_does_not(
    inner: tuple[int, int, int], outer: tuple[int, int, int], bag: bool, code: str
) -> None:
    try:
        rules.check_carton("X", inner, outer, 20, 2_000, bag=bag)
    except Refusal as refusal:
        assert refusal.code == code
    else:
        assert code == ""


def shop(folder: Path, skus: str, cartons: str) -> dict[str, list[dict[str, object]]]:
    (folder / "skus.csv").write_text(skus)
    (folder / "cartons.csv").write_text(cartons)
    (folder / "orders.csv").write_text("order,sku,qty\nO1,TV,1\n")
    return files.shop(folder / "orders.csv", folder / "skus.csv", folder / "cartons.csv")


SKUS = "sku,width_mm,length_mm,height_mm,weight_g"
CARTONS = "carton,inner_width_mm,inner_length_mm,inner_height_mm,outer_width_mm,outer_length_mm,outer_height_mm,tare_g,max_load_g"


def test_files_say_it_in_columns_of_their_own(tmp_path: Path) -> None:
    told = shop(tmp_path, f"{SKUS},own_container\nTV,800,1200,150,24000,1\nMUG,90,110,95,380,\n",
                f"{CARTONS},bag\nS,220,160,100,228,168,108,90,8000,0\nMAILER,250,350,0,260,360,0,15,2000,1\n")  # fmt: skip
    assert [row["own_container"] for row in told["skus"]] == [True, False]
    assert [row["bag"] for row in told["cartons"]] == [False, True]


def test_files_without_the_columns_are_read_as_ever_and_a_flat_carton_is_named(tmp_path: Path) -> None:
    told = shop(tmp_path, f"{SKUS}\nTV,800,1200,150,24000\n", f"{CARTONS}\nS,220,160,100,228,168,108,90,8000\n")
    assert (told["skus"][0]["own_container"], told["cartons"][0]["bag"]) == (False, False)
    with pytest.raises(files.BadFile, match=r"cartons.csv: line 2: column inner_height_mm: 0 for a bag"):
        shop(tmp_path, f"{SKUS}\nTV,800,1200,150,24000\n", f"{CARTONS}\nS,220,160,0,228,168,108,90,8000\n")
    with pytest.raises(files.BadFile, match=r"skus.csv: line 2: column own_container: 'yes' is not 0 or 1"):
        shop(
            tmp_path,
            f"{SKUS},own_container\nTV,800,1200,150,24000,yes\n",
            f"{CARTONS}\nS,220,160,9,228,168,108,90,8000\n",
        )
