"""Labels through the front door: jobs and their ends, stand-ins, sheets, reprints, carriers' files."""

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import text

from tests.integration.house import Client, House, Json, Refused, open_house
from wms.foundation.labels import service
from wms.foundation.labels.rules import templates


@pytest.fixture
async def house(new_db: Any) -> AsyncIterator[House]:
    async with open_house(new_db(migrated=True)) as opened:
        await opened.admin.post("/api/v1/labels/printers", [
            {"code": "printer-1", "fallback": ["printer-2", "printer-3", "mobile-1", "office-1"]},
            {"code": "printer-2", "language": "tspl", "dpi": 300}, {"code": "printer-3", "width_mm": 50, "height_mm": 30},
            {"code": "mobile-1", "kind": "mobile"},
            {"code": "office-1", "kind": "office", "language": "pdf", "width_mm": 210, "height_mm": 297, "stock": "a4"},
        ])  # fmt: skip
        yield opened


async def put(house: House, printer: str = "printer-1", kind: str = "lpn", **data: Any) -> tuple[str, str]:
    """Print one licence plate. Returns job and number."""
    async with house.db.begin() as uow:
        number = await service.next_sscc(uow)
        job = await service.print_label(uow, kind, {"code": number, **data}, printer, "labels.test:x")
    await house.settle()
    return str(job), number


async def states(house: House, **of: str) -> dict[str, Json]:
    return {
        j["id"]: j for j in await house.admin.get(f"/api/v1/labels/jobs?{'&'.join(f'{k}={v}' for k, v in of.items())}")
    }


async def board(house: House) -> dict[str, Json]:
    return {p["code"]: p for p in await house.admin.get("/api/v1/labels/printers")}


async def tell(house: House, device: str, state: str, detail: str = "") -> None:
    await house.hear(device, "device_state_changed", {"state": state, "detail": detail})


async def facts(house: House, name: str) -> int:
    async with house.db.begin() as uow:
        return int(await uow.session.scalar(text("SELECT count(*) FROM event WHERE name = :n"), {"n": name}) or 0)


def decoded(png: bytes) -> list[str]:
    return [b.bytes.decode() for b in zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))]


async def test_a_job_ends_once_however_often_it_is_answered(house: House) -> None:
    job, number = await put(house)
    (command,) = await house.commands("print")
    assert command.target == "printer-1" and f">;>800{number}" in command.payload["content"]
    await house.hear("printer-dock", "command_result", {"command_id": str(command.id), "outcome": "done", "code": ""})
    assert (await states(house))[job]["state"] not in ("printed", "unknown"), "only the printer that was asked can tell"
    for outcome in ("done", "done", "unknown"):
        await house.hear("printer-1", "command_result", {"command_id": str(command.id), "outcome": outcome, "code": ""})
    found = (await states(house))[job]
    assert (found["state"], found["serial"]) == ("printed", number)
    assert (await facts(house, "labels.label_printed.v1"), await facts(house, "labels.label_failed.v1")) == (1, 0)


@pytest.mark.parametrize(("outcome", "state"), [("failed", "failed"), ("expired", "failed"), ("unknown", "unknown")])
async def test_a_job_that_did_not_print_is_never_sent_again_by_itself(house: House, outcome: str, state: str) -> None:
    job, _ = await put(house)
    assert await house.device_answers("print", outcome, "printer.paper_out") == 1
    await tell(house, "printer-1", "online")
    found = (await states(house, state="amiss"))[job]
    assert (found["state"], found["code"]) == (state, "printer.paper_out")
    assert await house.commands("print") == [] and await facts(house, "labels.label_failed.v1") == 1


async def test_only_a_lead_prints_the_same_number_again_and_says_why(house: House) -> None:
    job, number = await put(house)
    lead, picker = await house.sign_in("lead"), await house.sign_in("picker")
    path = f"/api/v1/labels/jobs/{job}/reprint"
    with pytest.raises(Refused, match="labels.job_open"):
        await lead.post(path, {"reason": "torn"})
    await house.device_answers("print", "unknown", "printer.state_unknown")
    with pytest.raises(Refused, match="not_allowed"):
        await picker.post(path, {"reason": "torn"})
    with pytest.raises(Refused, match="labels.reason_needed"):
        await lead.post(path, {"reason": "  "})
    again = (await lead.post(path, {"reason": "torn while applying"}))["id"]
    (command,) = await house.commands("print")
    assert number in command.payload["content"]
    found = (await states(house))[again]
    assert (found["reprint_of"], found["reason"], found["actor"]) == (job, "torn while applying", "lead")
    async with house.db.begin() as uow:
        assert await service.void(uow, "labels.test:x") == 2
    with pytest.raises(Refused, match="labels.job_void"):
        await lead.post(path, {"reason": "torn"})


async def test_what_no_font_draws_fails_the_job_and_names_the_character(house: House) -> None:
    job, _ = await put(house, content="𓀀 Falcon")
    found = (await states(house))[job]
    assert (found["state"], found["code"]) == ("failed", "labels.cannot_draw") and "𓀀" in found["reason"]
    assert await house.commands("print") == [] and await facts(house, "labels.label_failed.v1") == 1


async def test_a_fault_proposes_the_next_printer_with_that_media_and_a_lead_moves_there(house: House) -> None:
    lead = await house.sign_in("lead")
    await tell(house, "printer-1", "online")
    assert (await board(house))["printer-1"]["proposed"] == ""
    await tell(house, "printer-1", "fault", "printer.head_open")
    await tell(house, "printer-2", "offline", "no route")
    found = (await board(house))["printer-1"]
    assert (found["state"], found["fault"], found["stations"]) == ("fault", "printer.head_open", ["PACK-1"])
    assert found["proposed"] == "mobile-1", "printer-2 is off and printer-3 has other media"
    await tell(house, "printer-2", "online")
    assert (await board(house))["printer-1"]["proposed"] == "printer-2"
    for to, why in (("printer-3", "media"), ("printer-dock", "chain")):
        with pytest.raises(Refused, match="labels.printer_unfit") as refused:
            await lead.post("/api/v1/labels/printers/printer-1/move", {"to": to})
        assert refused.value.params["why"] == why
    await lead.post("/api/v1/labels/printers/printer-1/move", {"to": "printer-2"})
    job, number = await put(house)
    (command,) = await house.commands("print")
    assert (command.target, command.payload["language"], command.payload["encoding"]) == (
        "printer-2",
        "tspl",
        "deflate",
    )
    assert number and (await states(house, printer="printer-1"))[job]["printer"] == "printer-2"
    await tell(house, "printer-1", "online")
    found = (await board(house))["printer-1"]
    assert (found["moved_to"], found["moved_by"], found["proposed"]) == ("printer-2", "lead", "printer-1")
    await lead.post("/api/v1/labels/printers/printer-1/move", {"to": "printer-1"})
    assert (await board(house))["printer-1"]["moved_to"] == ""


async def test_the_queue_keeps_labels_in_order_until_a_printer_is_there(house: House) -> None:
    lead = await house.sign_in("lead")
    for code in ("printer-1", "printer-2", "mobile-1", "office-1"):
        await tell(house, code, "offline", "power")
    assert (await board(house))["printer-1"]["proposed"] == "queue"
    await lead.post("/api/v1/labels/printers/printer-1/move", {"to": "queue"})
    made = [await put(house) for _ in range(3)]
    assert await house.commands("print") == [] and (await board(house))["printer-1"]["queued"] == 3
    await tell(house, "mobile-1", "online")
    assert (await lead.post("/api/v1/labels/printers/printer-1/move", {"to": "mobile-1"})) == {"released": 3}
    commands = await house.commands("print")
    assert [c.target for c in commands] == ["mobile-1"] * 3
    assert [n in c.payload["content"] for (_, n), c in zip(made, commands, strict=True)] == [True] * 3
    assert await house.device_answers("print") == 3
    assert {j["state"] for j in (await states(house)).values()} == {"printed"}


async def test_a_void_label_does_not_leave_the_queue(house: House) -> None:
    await house.admin.post("/api/v1/labels/printers/printer-1/move", {"to": "queue"})
    await put(house)
    async with house.db.begin() as uow:
        await service.void(uow, "labels.test:x")
    assert (await house.admin.post("/api/v1/labels/printers/printer-1/move", {"to": "printer-1"})) == {"released": 0}
    assert await house.commands("print") == []


async def test_an_office_sheet_is_printed_and_confirmed_by_a_person(house: House) -> None:
    lead = await house.sign_in("lead")
    await lead.post("/api/v1/labels/printers/printer-1/move", {"to": "office-1"})
    (job, number), (other, _) = await put(house), await put(house)
    assert await house.commands("print") == [] and (await states(house))[job]["state"] == "handed"
    pdf = (await lead.call("GET", f"/api/v1/labels/jobs/{job}/sheet")).content
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument(pdf)
    assert [round(v * 25.4 / 72) for v in document[0].get_size()] == [210, 297]
    page = document[0].render(scale=3).to_pil().convert("L")
    assert [b.bytes.decode() for b in zxingcpp.read_barcodes(page)] == [f"00{number}"]
    await lead.post(f"/api/v1/labels/jobs/{job}/sheet", {"came_out": True})
    await lead.post(f"/api/v1/labels/jobs/{other}/sheet", {"came_out": False})
    with pytest.raises(Refused, match="labels.not_handed"):
        await lead.post(f"/api/v1/labels/jobs/{job}/sheet", {"came_out": True})
    found = await states(house)
    assert (found[job]["state"], found[other]["state"]) == ("printed", "failed")


async def test_previews_are_the_labels_themselves(house: House) -> None:
    lead = await house.sign_in("lead")
    job, number = await put(house)
    assert decoded((await lead.call("GET", f"/api/v1/labels/jobs/{job}/preview")).content) == [f"00{number}"]
    assert {t["kind"] for t in await lead.get("/api/v1/labels/templates")} == set(templates.TEMPLATES)
    for kind in templates.TEMPLATES:
        reply = await lead.call("GET", f"/api/v1/labels/templates/{kind}/preview")
        assert reply.status_code == 200 and reply.headers["content-type"] == "image/png"
    own = await lead.call(
        "POST", "/api/v1/labels/preview", {"kind": "location", "data": {"code": "Z-9", "check_digits": "7"}}
    )
    assert decoded(own.content) == ["Z-9"]
    for body, code in (({"kind": "poem"}, "unknown_template"), ({"kind": "unit", "data": {}}, "bad_data"),
                       ({"kind": "ship", "printer": "printer-3"}, "media_mismatch")):  # fmt: skip
        reply = await lead.call("POST", "/api/v1/labels/preview", body)
        assert reply.json()["code"] == f"labels.{code}"


def carrier_png(code: str) -> str:
    from wms.foundation.labels.rules import layout, symbols

    page = Image.new("1", (1200, 1800), 255)
    layout.paint(page, [layout.Bars(100, 700, 300, 4, symbols.code128(code))], 0)
    out = io.BytesIO()
    page.save(out, "PNG", dpi=(300, 300))
    return base64.b64encode(out.getvalue()).decode()


async def test_a_carriers_label_is_proven_before_it_is_printed(house: House) -> None:
    body = {"content": carrier_png("JD0146"), "kind": "png", "printer": "printer-1", "ref": "shipping.label:1"}
    job = (await house.admin.post("/api/v1/labels/carrier", {**body, "expected": "JD0146"}))["id"]
    (command,) = await house.commands("print")
    assert command.payload["content"].startswith("^XA")
    reply = await house.admin.call("GET", f"/api/v1/labels/jobs/{job}/preview")
    assert decoded(reply.content) == ["JD0146"]
    for change, code in (
        ({"expected": "JD9999"}, "carrier_content"), ({"printer": "printer-3"}, "carrier_size"),
        ({"content": base64.b64encode(b"x").decode()}, "carrier_unreadable"), ({"printer": ""}, "no_printer"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=f"labels.{code}"):
            await house.admin.post("/api/v1/labels/carrier", {**body, **change})
    with pytest.raises(Refused, match="bad_input"):
        await house.admin.post("/api/v1/labels/carrier", {**body, "content": "not base64!"})
    assert len(await house.commands("print")) == 1


async def test_a_test_print_and_an_unknown_printer(house: House) -> None:
    lead: Client = await house.sign_in("lead")
    await lead.post("/api/v1/labels/printers/printer-dock/test")
    (command,) = await house.commands("print")
    assert command.target == "printer-dock"
    with pytest.raises(Refused, match="labels.unknown_printer"):
        await lead.post("/api/v1/labels/printers/nobody/test")
    with pytest.raises(Refused, match="not_allowed"):
        await (await house.sign_in("picker")).get("/api/v1/labels/printers")
