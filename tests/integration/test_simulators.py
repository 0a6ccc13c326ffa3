"""A site without simulated devices says so, and only a supervisor breaks one."""

import pytest

from tests.integration.house import Refused, open_house


async def test_a_real_site_has_no_simulators(migrated_db: str) -> None:
    async with open_house(migrated_db) as house:
        assert await house.admin.get("/api/v1/simulators") == {"present": False, "devices": [], "scenario": None}
        for path in ("/api/v1/simulators/history", "/api/v1/simulators/catalogue"):
            with pytest.raises(Refused) as told:
                await house.admin.get(path)
            assert (told.value.status, told.value.code) == (404, "simulators.absent")
        with pytest.raises(Refused) as told:
            await house.admin.post("/api/v1/simulators/pr-1/faults/paper_out", {})
        assert (told.value.status, told.value.code) == (404, "simulators.absent")
        worker = await house.sign_in("picker")
        with pytest.raises(Refused) as told:
            await worker.post("/api/v1/simulators/pr-1/faults/paper_out", {})
        assert told.value.status == 403
