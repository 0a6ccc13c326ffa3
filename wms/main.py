"""Composition root: settings, engine, flow, front doors."""

import logging
from pathlib import Path

import structlog
from fastapi import APIRouter, FastAPI

from wms import flow
from wms.db.uow import Database
from wms.entrypoints import http, simulators, tracking_push, worker
from wms.foundation.catalog import http as catalog_http
from wms.foundation.labels import http as labels_http
from wms.foundation.labels import service as labels
from wms.foundation.layout import http as layout_http
from wms.foundation.orders import http as orders_http
from wms.foundation.packs import http as packs_http
from wms.foundation.people import http as people_http
from wms.foundation.stock import http as stock_http
from wms.foundation.work import http as work_http
from wms.processes.assortment import http as assortment_http
from wms.processes.calibration import http as calibration_http
from wms.processes.controls import http as controls_http
from wms.processes.counting import http as counting_http
from wms.processes.counting import pda as counting_pda
from wms.processes.customs import http as customs_http
from wms.processes.dock import http as dock_http
from wms.processes.dock import pda as dock_pda
from wms.processes.fleet import http as fleet_http
from wms.processes.goods_to_person import http as goods_to_person_http
from wms.processes.goods_to_person import pda as goods_to_person_pda
from wms.processes.inbound import http as inbound_http
from wms.processes.inbound import pda as inbound_pda
from wms.processes.incidents import http as incidents_http
from wms.processes.labour import http as labour_http
from wms.processes.order_release import http as waves_http
from wms.processes.packing import http as packing_http
from wms.processes.packing import pda as packing_pda
from wms.processes.picking import http as picking_http
from wms.processes.picking import pda as picking_pda
from wms.processes.put_wall import http as put_wall_http
from wms.processes.put_wall import pda as put_wall_pda
from wms.processes.returns import http as returns_http
from wms.processes.returns import pda as returns_pda
from wms.processes.shipping import http as shipping_http
from wms.processes.slotting import http as slotting_http
from wms.processes.slotting import pda as slotting_pda
from wms.processes.sourcing import http as sourcing_http
from wms.processes.tracking import http as tracking_http
from wms.processes.value_added import http as vas_http
from wms.processes.value_added import pda as vas_pda
from wms.settings import Settings
from wms.twin import http as twin_http

ROUTERS: tuple[APIRouter, ...] = (
    people_http.router, people_http.managed, catalog_http.router, packs_http.router, layout_http.router, stock_http.router,
    orders_http.router, work_http.router, waves_http.router, fleet_http.router, incidents_http.router, dock_http.router,
    labels_http.router, shipping_http.router, customs_http.router, tracking_push.router, tracking_http.router,
    picking_http.router, picking_pda.router, packing_http.router, packing_http.station, packing_pda.router, dock_pda.router, put_wall_http.router, put_wall_pda.router,
    goods_to_person_http.router, goods_to_person_pda.router,
    inbound_http.router, inbound_pda.router, slotting_http.router, slotting_pda.router,
    vas_http.router, vas_http.fba, vas_pda.router, assortment_http.router,
    returns_http.router, returns_pda.router, sourcing_http.router,
    counting_http.router, counting_pda.router, controls_http.router, labour_http.router, calibration_http.router, twin_http.router, simulators.router,
)  # fmt: skip

WEB = Path(__file__).parent / "web" / "dist"


def database(settings: Settings) -> Database:
    """The engine of this process. Errors: ValueError without a database URL (`wms up` sets it)."""
    if settings.database_url is None:
        raise ValueError("WMS_DATABASE_URL is not set; `wms up` sets it for its own processes")
    return Database(settings.database_url, router=flow.route, pool=settings.db_pool_size)


def configure_logs(settings: Settings) -> None:
    """One JSON line per event on stderr."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level), logger_factory=structlog.PrintLoggerFactory(),
    )  # fmt: skip


def create_app() -> FastAPI:
    """Factory for uvicorn."""
    settings = Settings()
    configure_logs(settings)
    labels.set_company_prefix(settings.company_prefix)
    return http.build(settings, database(settings), ROUTERS, WEB)


async def run_worker(settings: Settings) -> None:
    """Reactions, schedules, broker link, host; until stopped."""
    configure_logs(settings)
    labels.set_company_prefix(settings.company_prefix)
    await worker.run(settings, database(settings), flow.event_types(), flow.reactions(), flow.TICKS)
