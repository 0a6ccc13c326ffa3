"""The screens of putaway and of moves."""

from fastapi import APIRouter

from wms.processes.slotting.pda.moves import router as moves
from wms.processes.slotting.pda.putaways import router as putaways

router = APIRouter()
for part in (putaways, moves):
    router.include_router(part)
