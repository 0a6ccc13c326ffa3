"""What goes wrong with a DWS frame and with a bench dimensioner."""

from typing import Any

from simulators.faults.catalogue import Fault, level, once, switch
from simulators.faults.catalogue import Words as W

DWS = (
    switch(
        "no_read",
        W("The camera reads no barcode", "相机读不到条码"),
        W("Parcels come without identity and go to be looked at", "包裹无标识，转人工处理"),
        "no_read",
    ),
    switch(
        "two_objects",
        W("Two objects in the frame at once", "框内同时有两件物品"),
        W("The result is flagged and not used for billing", "结果被标记，不用于计费"),
        "multi",
    ),
    switch(
        "heartbeat_frozen",
        W("The heartbeat stands still", "心跳停止"),
        W("Offline once the heartbeat is too old", "心跳过旧后离线"),
        "heartbeat_frozen",
    ),
    level(
        "torn_reads",
        W("So many reads mix a new head with an old rest", "若干次读取混合了新头部和旧数据"),
        W("Nothing: torn results are read again", "无影响：撕裂的结果会重新读取"),
        "tear_reads", high=50, unit="reads", whole=True,
    ),
    switch(
        "device_fault",
        W("The frame reports a fault of its own", "设备报告自身故障"),
        W("Fault and an incident", "显示故障并产生异常"),
        act=lambda sim, on: sim.fault(on),
    ),
    switch(
        "e_stop",
        W("The emergency stop is pressed", "急停被按下"),
        W("Fault “emergency stop”", "“急停”故障"),
        act=lambda sim, on: sim.e_stop(on),
    ),
    once(
        "replay",
        W("An old result is shown under an older number", "旧结果以更旧的序号再次出现"),
        W("Quarantined with the evidence", "隔离该设备并保留证据"),
        lambda sim: sim.replay(),
    ),
    once(
        "reboot",
        W("Power cycle: counters begin again", "重启：计数器归零"),
        W("Offline for a moment, nothing is counted twice", "短暂离线，不会重复计数"),
        lambda sim: sim.reboot(),
    ),
)  # fmt: skip


def _refusal(name: str, letter: str, what: W, sees: W) -> Fault:
    def act(sim: Any, on: bool) -> None:
        sim.faults.nack = letter if on else ""

    return switch(name, what, sees, act=act, read=lambda sim: float(sim.faults.nack == letter))


def _test_code(sim: Any, on: bool) -> None:
    sim.faults.test_code = "03" if on else "00"


_AGAIN = W("The measurement fails with the reason; the person measures again", "测量失败并说明原因；人员重新测量")
DIMENSIONER = (
    _refusal("corner_blocked", "C", W("Something stands in the corner sensor", "角落传感器被遮挡"), _AGAIN),
    _refusal("measure_error", "M", W("It cannot measure this object", "无法测量该物品"), _AGAIN),
    _refusal("zero_error", "Z", W("It is not zeroed", "未归零"), _AGAIN),
    switch(
        "unstable",
        W("Sizes and weight do not settle", "尺寸和重量不稳定"),
        W("No result is taken", "不采集结果"),
        "faults.unstable",
    ),
    switch(
        "silent",
        W("Connected, but answers nothing", "已连接，但不应答"),
        W("Offline, with an incident", "离线，并产生异常事件"),
        "faults.silent",
    ),
    level(
        "slow_answers",
        W("Every answer comes later", "每次应答都延迟"),
        W("Slower measuring; beyond the reply limit offline", "测量变慢；超过应答时限则离线"),
        "faults.late_s", high=10, unit="s",
    ),
    switch(
        "garbage",
        W("Noise before each answer", "每次应答前有噪声"),
        W("Nothing: noise is skipped", "无影响：噪声被跳过"),
        "faults.garbage",
    ),
    switch(
        "self_test_fails",
        W("Its self test fails", "自检失败"),
        W("Fault with the code of the test", "显示故障及自检代码"),
        act=_test_code, read=lambda sim: float(sim.faults.test_code != "00"),
    ),
)  # fmt: skip
