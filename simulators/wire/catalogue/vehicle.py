"""What goes wrong with an AGV."""

from typing import Any

from simulators.faults.catalogue import Words as W
from simulators.faults.catalogue import level, once, switch

HALF_OPEN_S, REBOOT_S = 5.0, 3.0


def _e_stop(kind: str) -> Any:
    return lambda sim, on: sim.e_stop(kind if on else "NONE")


def _stopped_as(kind: str) -> Any:
    return lambda sim: float(sim.e_stop_kind == kind)


def _mode(sim: Any, on: bool) -> None:
    sim.set_mode("MANUAL" if on else "AUTOMATIC")


def _lost(sim: Any, on: bool) -> None:
    sim.lose_localisation() if on else sim.recover()


def _reject(sim: Any, on: bool) -> None:
    sim.reject_next = "validationError" if on else ""


_QUARANTINE = W("Quarantined with the evidence; a person lets it back", "隔离并保留证据；由人员恢复")
FAULTS = (
    switch(
        "e_stop",
        W("The stop button on the vehicle is pressed", "车上的急停按钮被按下"),
        W("The vehicle stands; its transport waits, with an incident", "车辆停止；运输等待，并产生异常"),
        act=_e_stop("MANUAL"), read=_stopped_as("MANUAL"),
    ),
    switch(
        "e_stop_remote",
        W("The site's stop for all vehicles is pressed", "全场车辆急停被按下"),
        W("The vehicle stands until the site releases it", "车辆停止，直到现场解除"),
        act=_e_stop("REMOTE"), read=_stopped_as("REMOTE"),
    ),
    once(
        "bumper",
        W("It touches something; free again, it goes on by itself", "触碰物体；离开后自动继续"),
        W("It stands for two seconds", "停止两秒"),
        lambda sim: sim.e_stop("AUTOACK"),
    ),
    switch(
        "blocked",
        W("Something stands in its protective field", "保护区内有物体"),
        W("It waits; after a while named as blocked", "等待；一段时间后标为受阻"),
        act=lambda sim, on: sim.block(on), read=lambda sim: float(sim.field_violation),
    ),
    switch(
        "localisation_lost",
        W("It does not know where it is", "失去定位"),
        W("Fatal error and an incident; its way stays reserved", "致命错误并产生异常；路径保持预留"),
        act=_lost, read=lambda sim: float(not sim.localized),
    ),
    switch(
        "manual_mode",
        W("Somebody took it over by hand", "有人手动接管"),
        W("Its order is cleared and given anew when it is back", "订单被清除，恢复后重新下发"),
        act=_mode, read=lambda sim: float(sim.mode == "MANUAL"),
    ),
    switch(
        "pause_button",
        W("The pause button on it is pressed", "车上暂停键被按下"),
        W("It stands; shown as paused", "停止；显示已暂停"),
        act=lambda sim, on: sim.press_pause(on), read=lambda sim: float(sim.paused),
    ),
    level(
        "battery",
        W("The battery is down to", "电量降至"),
        W("Below 15 % it warns and gets no new transports", "低于 15% 时警告且不再接新任务"),
        low=1, high=100, rest=100, unit="%", act=lambda sim, pct: sim.drain_battery(pct),
    ),
    once(
        "load_swapped",
        W("Somebody put another tote on it", "有人换了另一个料箱"),
        W("The drop fails; an incident names both totes", "卸货失败；异常中列出两个料箱"),
        lambda sim: sim.swap_load("SOMEBODY-ELSES"),
    ),
    switch(
        "action_fails_next",
        W("The next pick or drop fails", "下一次取放失败"),
        W("Load error and an incident; the vehicle waits", "装载错误并产生异常；车辆等待"),
        "fail_next_action",
    ),
    switch(
        "rejects_next_order",
        W("The next order is rejected", "下一个订单被拒绝"),
        W("The transport goes to another vehicle, or again", "运输转给其他车辆或重试"),
        act=_reject, read=lambda sim: float(bool(sim.reject_next)),
    ),
    level(
        "orders_lost",
        W("So many of the next orders are lost on the way", "接下来若干个订单在途中丢失"),
        W("Sent again until its state echoes them", "重新发送直到其状态回显"),
        "ignore_orders", high=10, unit="orders", whole=True,
    ),
    level(
        "instant_actions_lost",
        W("So many of the next instant actions are lost", "接下来若干个即时动作丢失"),
        W("Sent again until its state echoes them", "重新发送直到其状态回显"),
        "loses_instant_actions", high=10, unit="actions", whole=True,
    ),
    level(
        "online_lost",
        W("So many times that it says it is online are lost", "接下来若干次上线消息丢失"),
        W("Known to be there by its states", "凭其状态得知在线"),
        "loses_online", high=10, unit="messages", whole=True,
    ),
    once(
        "network_lost",
        W("It loses the network for 5 s and drives on", "断网 5 秒并继续行驶"),
        W("Connection broken by its last will; its nodes stay reserved", "遗嘱消息显示连接中断；节点保持预留"),
        lambda sim: sim.drop_broker(HALF_OPEN_S),
    ),
    once(
        "reboot",
        W("Power cycle: its order and header ids are gone", "重启：订单与报文序号丢失"),
        W("Offline for 3 s, then its order is given anew", "离线 3 秒，随后重新下发订单"),
        lambda sim: sim.reboot(REBOOT_S),
    ),
    once(
        "late_state",
        W("An old state arrives late", "旧状态迟到"),
        W("Nothing: it is older than the last one", "无影响：早于最后一个状态"),
        lambda sim: sim.publish_stale_state(),
    ),
    once(
        "state_twice",
        W("The network delivers one state twice", "网络重复投递同一状态"),
        W("Nothing: it is taken once", "无影响：只采用一次"),
        lambda sim: sim.publish_twice(),
    ),
    once(
        "state_replayed",
        W("Somebody plays an old state again under a new time", "有人以新时间重放旧状态"),
        _QUARANTINE,
        lambda sim: sim.publish_replay(),
    ),
    once(
        "state_from_the_future",
        W("A state from 2099", "来自 2099 年的状态"),
        _QUARANTINE,
        lambda sim: sim.publish_from_the_future(),
    ),
    once(
        "wrong_identity",
        W("Another vehicle's state on its topic", "其主题上出现另一车辆的状态"),
        _QUARANTINE,
        lambda sim: sim.publish_as_another(),
    ),
)  # fmt: skip
