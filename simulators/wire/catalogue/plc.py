"""What goes wrong with a sorter and with conveyor zones."""

from typing import Any

from simulators.faults.catalogue import Words as W
from simulators.faults.catalogue import once, switch
from simulators.wire.catalogue.light import BANK
from simulators.wire.plc import AUTOMATIC, MANUAL


def _mode(sim: Any, on: bool) -> None:
    sim.set_mode(MANUAL if on else AUTOMATIC)


def _zone(sim: Any, on: bool) -> None:
    sim.block(0) if on else sim.depart(0, 0)


_REBOOT = once(
    "reboot",
    W("Power cycle: counters begin again", "重启：计数器归零"),
    W("Offline for a moment, nothing is counted twice", "短暂离线，不会重复计数"),
    lambda sim: sim.reboot(),
)
SORTER = (
    *(fault for fault in BANK if fault.name != "heartbeat_frozen"),
    _REBOOT,
    switch(
        "heartbeat_frozen",
        W("The heartbeat stands still", "心跳停止"),
        W("Offline once the heartbeat is too old", "心跳过旧后离线"),
        "faults.heartbeat_frozen",
    ),
    switch(
        "deaf",
        W("Decisions are written but never looked at", "决策已写入但从未读取"),
        W("Parcels go to the default lane; the late decision is named", "包裹进入默认道；指出迟到的决策"),
        "faults.deaf",
    ),
    switch(
        "torn_events",
        W("Events are shown with a tail that does not fit", "事件的尾部不一致"),
        W("Nothing is taken until the event is whole", "事件完整前不采用"),
        "faults.torn",
    ),
    switch(
        "e_stop",
        W("The emergency stop of circuit 1 is pressed", "1 号回路急停被按下"),
        W("Alarm and an incident; the belt stands", "报警并产生异常；皮带停止"),
        act=lambda sim, on: sim.e_stop(1, on),
    ),
    switch(
        "jam_lane_2",
        W("Lane 2 is jammed", "2 号道堵塞"),
        W("Alarm naming the lane", "报警并指明道口"),
        act=lambda sim, on: sim.jam(2, on),
    ),
    switch(
        "full_lane_3",
        W("Lane 3 is full", "3 号道已满"),
        W("Its parcels go to the default lane", "其包裹进入默认道"),
        act=lambda sim, on: sim.lane_full(3, on),
    ),
    switch(
        "manual",
        W("Somebody turned the key to manual", "有人把钥匙转到手动"),
        W("Fault; decisions are refused with the reason", "显示故障；决策被拒绝并说明原因"),
        act=_mode,
    ),
    once(
        "replay",
        W("An older event is shown again", "旧事件再次出现"),
        W("Quarantined with the evidence", "隔离该设备并保留证据"),
        lambda sim: sim.replay(),
    ),
)  # fmt: skip
CONVEYOR = (
    *BANK,
    _REBOOT,
    switch(
        "zone_1_blocked",
        W("Something stands on the photo-eye of the first zone", "第一区光电被遮挡"),
        W("Alarm naming the zone", "报警并指明区域"),
        act=_zone,
    ),
    switch(
        "stopped",
        W("The zones were stopped (lost communication)", "区域停止（通信丢失）"),
        W("Alarm with the cause", "报警并说明原因"),
        act=lambda sim, on: sim.stop_cause(6, on),
    ),
)  # fmt: skip
