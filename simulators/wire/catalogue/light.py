"""What goes wrong with pick-to-light tags and put walls."""

from typing import Any

from simulators.faults.catalogue import Words as W
from simulators.faults.catalogue import once, switch


def _unplug(sim: Any, on: bool) -> None:
    sim.tags[1].connected = not on


def _hold(sim: Any, on: bool) -> None:
    sim.tags[2].button_held = on


ABLEPICK = (
    switch(
        "tag_1_missing",
        W("Tag 1 is off the rail", "1 号标签脱离导轨"),
        W("Fault naming the position; its picks go by screen", "显示故障并指明位置；该处拣选改用屏幕"),
        act=_unplug, read=lambda sim: float(not sim.tags[1].connected),
    ),
    switch(
        "tag_2_button_held",
        W("The button of tag 2 is jammed", "2 号标签按钮卡住"),
        W("Fault naming the position", "显示故障并指明位置"),
        act=_hold, read=lambda sim: float(sim.tags[2].button_held),
    ),
    once(
        "tag_1_resets",
        W("Tag 1 loses power for a moment", "1 号标签瞬间断电"),
        W("Its light is lit again", "灯重新点亮"),
        lambda sim: sim.reset(1),
    ),
    switch(
        "silent",
        W("The controller says nothing", "控制器无响应"),
        W("Offline, with an incident", "离线，并产生异常事件"),
        "faults.silent",
    ),
    switch(
        "garbage",
        W("Noise before each frame", "每帧前有噪声"),
        W("Connected anew, or noise is skipped", "重新连接，或跳过噪声"),
        "faults.garbage",
    ),
    switch(
        "split_frames",
        W("Frames leave byte by byte", "帧逐字节发出"),
        W("Nothing: frames are put together again", "无影响：帧会重新拼接"),
        "faults.split",
    ),
    once(
        "dropped",
        W("The controller cuts the connection", "控制器断开连接"),
        W("Offline for a moment, then lit as before", "短暂离线，随后恢复原先的灯"),
        lambda sim: sim.drop(),
    ),
)  # fmt: skip

BANK = (
    switch(
        "silent",
        W("Requests are never answered", "请求从不应答"),
        W("Offline, with an incident", "离线，并产生异常事件"),
        "bank.silent",
    ),
    switch(
        "busy",
        W("Every request is answered by “busy”", "每个请求都回答“忙”"),
        W("Offline while it lasts", "期间离线"),
        "bank.busy",
    ),
    switch(
        "heartbeat_frozen",
        W("The heartbeat stands still", "心跳停止"),
        W("Offline once the heartbeat is too old", "心跳过旧后离线"),
        "heartbeat_frozen",
    ),
    once(
        "dropped",
        W("Every connection is cut", "所有连接被切断"),
        W("Offline for a moment", "短暂离线"),
        lambda sim: sim.bank.cut(),
    ),
)  # fmt: skip
WALL = (
    *BANK,
    switch(
        "light_1_missing",
        W("The light of position 1 is gone", "1 号位置的灯缺失"),
        W("Fault naming the position", "显示故障并指明位置"),
        act=lambda sim, on: sim.miss(1, on),
    ),
    once(
        "reboot",
        W("Power cycle: everything is dark", "重启：全部熄灭"),
        W("Offline for a moment, then lit as before", "短暂离线，随后恢复原先的灯"),
        lambda sim: sim.restart(),
    ),
)  # fmt: skip
