"""Check pieces: a device that measures them wrong twice is locked, its stations name another, and a right answer lets it back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.house import House, Json, Refused, fill_parcel, open_house, pick_all
from wms import flow
from wms.db.uow import SYSTEM


@pytest.fixture
async def house(new_db: Any) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        pieces = [{"code": "W2KG", "weight_g": 2000, "certificate": "DKD-1"}, {"code": "W100", "weight_g": 100},
                  {"code": "CUBE", "weight_g": 5000, "length_mm": 400, "width_mm": 500, "height_mm": 600},
                  {"code": "OLD", "weight_g": 2000, "valid_until": "2020-01-01"}]  # fmt: skip
        for piece in pieces:
            await opened.admin.post("/api/v1/calibration/pieces", piece)
        yield opened


async def weighed(house: House, measured_g: int, piece: str = "W2KG") -> Json:
    """One check of the bench's scale, as its gateway answers it."""
    await house.admin.post("/api/v1/calibration/checks", {"device": "scale-1", "measure": "weight", "piece": piece})
    (command,) = await house.commands("calibrate_check")
    data = {"measured_g": measured_g, "reference_g": command.payload["reference_g"], "interval_g": 1}
    outcome = "done" if abs(measured_g - data["reference_g"]) <= command.payload["tolerance_g"] else "failed"
    code = "" if outcome == "done" else "scale.out_of_tolerance"
    result = {"command_id": str(command.id), "outcome": outcome, "code": code, "data": data}
    await house.hear("scale-1", "command_result", result)
    return await last(house, "scale-1", "weight")


async def last(house: House, device: str, measure: str) -> Json:
    told = await house.admin.get("/api/v1/calibration")
    found: Json = next(d for d in told["devices"] if (d["device"], d["measure"]) == (device, measure))
    return found


async def test_the_second_wrong_weight_locks_the_station_and_a_right_one_opens_it(house: House) -> None:
    assert (await weighed(house, 2009))["last"]["state"] == "passed"  # 0.45 %
    packer = await house.sign_in("packer")
    assert (await weighed(house, 2010))["last"]["state"] == "failed", "the limit itself is not below the limit"
    await packer.post("/api/v1/pda/pack/PACK-1/claim")
    told = await weighed(house, 1985)
    assert told["last"]["state"] == "failed" and "0.75 %" in told["locked"]
    with pytest.raises(Refused) as refused:
        await packer.post("/api/v1/pda/pack/PACK-1/claim")
    assert refused.value.code == "work.station_locked"
    assert "calibration.locked" in await house.incidents()
    assert (await weighed(house, 2001))["locked"] == ""
    await packer.post("/api/v1/pda/pack/PACK-1/claim")
    assert "calibration.locked" not in [i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open")]


async def test_the_refusal_names_the_other_station(house: House) -> None:
    await house.admin.post(
        "/api/v1/work/stations", [{"code": "PACK-2", "kind": "pack", "location": "PACK-1", "scale": "scale-2"}]
    )
    await weighed(house, 2100)
    await weighed(house, 2100)
    with pytest.raises(Refused) as refused:
        await (await house.sign_in("packer")).post("/api/v1/pda/pack/PACK-1/claim")
    assert refused.value.params["instead"] == "PACK-2"


async def test_a_light_piece_proves_nothing_and_an_old_one_is_refused(house: House) -> None:
    told = await weighed(house, 100, "W100")
    assert told["last"]["state"] == "void" and "200 intervals" in told["last"]["why"]
    for piece, measure, reason in (("OLD", "weight", "expired"), ("W2KG", "size", "no_measure")):
        with pytest.raises(Refused) as refused:
            await house.admin.post(
                "/api/v1/calibration/checks", {"device": "dws-1", "measure": measure, "piece": piece}
            )
        assert (refused.value.code, refused.value.params["reason"]) == ("calibration.piece_unfit", reason)
    with pytest.raises(Refused) as unknown:
        await house.admin.post(
            "/api/v1/calibration/checks", {"device": "printer-1", "measure": "weight", "piece": "W2KG"}
        )
    assert unknown.value.code == "calibration.not_a_device"


async def test_a_size_is_judged_in_any_orientation_and_feeds_the_control_point(house: House) -> None:
    for size, flags, state in (
        ((601, 399, 502), [], "passed"),
        ((606, 399, 502), [], "failed"),
        ((0, 0, 0), ["dim_invalid"], "void"),
    ):
        await house.admin.post("/api/v1/calibration/checks", {"device": "dws-1", "measure": "size", "piece": "CUBE"})
        (command,) = await house.commands("measure")
        length, width, height = size
        await house.hear("dws-1", "parcel_measured", {
            "sequence": 1, "length_mm": length, "width_mm": width, "height_mm": height, "weight_g": 5000, "flags": flags,
            "command_id": str(command.id),
        })  # fmt: skip
        await house.hear("dws-1", "command_result", {"command_id": str(command.id), "outcome": "done"})
        assert (await last(house, "dws-1", "size"))["last"]["state"] == state
    await weighed(house, 2001)
    tick = next(t for t in flow.TICKS if t.name == "controls.sample")
    async with house.db.begin(SYSTEM) as uow:
        await tick.run(uow)
    points = {c["id"]: c for c in await house.admin.get("/api/v1/controls")}
    assert (points["dws-dimension"]["state"], points["dws-weight"]["state"]) == ("out", "ok")
    assert points["dws-weight"]["value"] == pytest.approx(10.0)


async def test_a_silent_device_leaves_the_check_void(house: House) -> None:
    await house.admin.post("/api/v1/calibration/checks", {"device": "scale-1", "measure": "weight", "piece": "W2KG"})
    with pytest.raises(Refused) as twice:
        await house.admin.post(
            "/api/v1/calibration/checks", {"device": "scale-1", "measure": "weight", "piece": "W2KG"}
        )
    assert twice.value.code == "calibration.check_open"
    await house.device_answers("calibrate_check", "failed", "scale.timeout")
    told = (await last(house, "scale-1", "weight"))["last"]
    assert (told["state"], told["why"]) == ("void", "scale.timeout")


async def sized(house: House, length_mm: int, measure: str = "size", device: str = "dws-1", **other: Any) -> Json:
    """One check of the DWS with the cube of 600 x 500 x 400 mm, answered by a device."""
    await house.admin.post("/api/v1/calibration/checks", {"device": "dws-1", "measure": measure, "piece": "CUBE"})
    (command,) = await house.commands("measure")
    await house.hear(device, "parcel_measured", {
        "sequence": 1, "length_mm": length_mm, "width_mm": 500, "height_mm": 400, "weight_g": 5000, "flags": [],
        "command_id": str(command.id), **other,
    })  # fmt: skip
    await house.hear("dws-1", "command_result", {"command_id": str(command.id), "outcome": "done"})
    return await last(house, "dws-1", measure)


async def test_a_right_weight_does_not_open_what_a_wrong_size_locked(house: House) -> None:
    for _ in range(2):
        assert (await sized(house, 650))["last"]["state"] == "failed"
    told = await sized(house, 600, "weight")
    assert told["last"]["state"] == "passed" and "size off by 8.33 %" in told["locked"]
    assert "calibration.locked" in [i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open")]
    assert (await sized(house, 600))["locked"] == ""
    assert "calibration.locked" not in [i["kind"] for i in await house.admin.get("/api/v1/incidents?state=open")]


async def test_only_the_device_itself_answers_and_nonsense_is_no_measurement(house: House) -> None:
    assert (await sized(house, 600, device="dws-2"))["last"]["state"] == "asked"
    await house.hear("dws-1", "parcel_measured", {
        "sequence": 2, "length_mm": 1, "width_mm": 1, "height_mm": 1, "weight_g": 1, "flags": [], "command_id": "nonsense",
    })  # fmt: skip
    await house.admin.post("/api/v1/calibration/checks", {"device": "scale-1", "measure": "weight", "piece": "W2KG"})
    (command,) = await house.commands("calibrate_check")
    data = {"measured_g": "abc", "interval_g": None}
    await house.hear("scale-1", "command_result", {"command_id": str(command.id), "outcome": "done", "data": data})
    told = (await last(house, "scale-1", "weight"))["last"]
    assert (told["state"], told["why"]) == ("void", "told 'abc'")
    assert await house.audit_clean(), "no reaction is stuck"


async def test_no_weight_of_a_locked_scale_releases_a_label(house: House) -> None:
    order = await house.order("O1", {"A": 2})
    await house.release(order)
    tote = await pick_all(house, await house.sign_in("picker"))
    packer = await house.sign_in("packer")
    (start,) = (await packer.post("/api/v1/pda/pack/PACK-1/claim"))["cards"]
    card = await fill_parcel(packer, (await packer.answer(start, tote=tote))["cards"][0])
    await weighed(house, 2100)
    await weighed(house, 2100)
    weight = {"weight_g": card["show"]["expected_g"], "interval_g": 1}
    await house.hear("scale-1", "weight_measured", weight)
    assert await house.commands("print") == []
    await weighed(house, 2000)
    await house.hear("scale-1", "weight_measured", weight)
    assert len(await house.commands("print")) == 1
