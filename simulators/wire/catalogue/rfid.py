"""What goes wrong with a gate: its air, its barrier, its antennas, and each reader's own."""

from typing import Any

from simulators.faults.catalogue import Fault, level, once, switch
from simulators.faults.catalogue import Words as W


def _lost(antenna: int) -> Fault:
    def act(sim: Any, on: bool) -> None:
        (sim.antenna_lost if on else sim.antenna_back)(antenna)

    return switch(
        f"antenna_{antenna}_lost",
        W(f"Antenna {antenna} is unplugged and the reader says so", f"天线 {antenna} 被拔掉，读写器会报告"),
        W("Fault naming the antenna, and an incident", "显示故障并指明天线，产生异常"),
        act=act,
    )


def _deaf(sim: Any, on: bool) -> None:
    (sim.silent_antennas.add if on else sim.silent_antennas.discard)(2)


WORLD = (
    level(
        "missed_tags",
        W("So many of the tags are not read at all", "一部分标签完全读不到"),
        W("The count falls short of the notice; the rest is counted by hand", "数量少于到货通知；其余人工清点"),
        "miss_rate", high=100, unit="%", scale=0.01,
    ),
    level(
        "strays",
        W("Tags of the next door are heard with each pallet", "每个托盘都会读到邻门的标签"),
        W("Kept apart as strays, never booked", "作为杂散标签单独保留，绝不入账"),
        "stray_tags", high=50, unit="tags", whole=True,
    ),
    *map(_lost, (1, 2, 3, 4)),
    switch(
        "antenna_2_silent",
        W("The cable of antenna 2 came off and nothing says so", "天线 2 的电缆脱落且无任何报告"),
        W("After some passages the antenna is named as silent", "若干次通过后指出该天线无声"),
        act=_deaf, read=lambda sim: float(2 in sim.silent_antennas),
    ),
    switch(
        "barrier_bounces",
        W("The light barrier bounces in the middle of each passage", "每次通过时光栅抖动"),
        W("Nothing: one passage stays one session", "无影响：一次通过仍是一个会话"),
        "bounce",
    ),
    switch(
        "barrier_stuck",
        W("Something stands in the light barrier", "有物体挡在光栅中"),
        W("A session that is too long, to be counted by hand", "会话过长，需要人工清点"),
        act=lambda sim, on: sim.set_barrier(on), read=lambda sim: float(sim.barrier_broken),
    ),
    level(
        "clock_off",
        W("The reader's clock is wrong", "读写器时钟错误"),
        W("Fault “clock” beyond a minute; times are the gateway's own", "超过一分钟时显示“时钟”故障；时间以网关为准"),
        "clock_step_us", low=-3600, high=3600, unit="s", whole=True, scale=1e6,
    ),
    switch(
        "frozen",
        W("The reader stays connected and says nothing", "读写器保持连接但无任何响应"),
        W("Offline once its keep-alive is missed", "错过心跳后离线"),
        "frozen",
    ),
    once(
        "dropped",
        W("The reader cuts the connection", "读写器断开连接"),
        W("Offline for a moment; an open session must be counted by hand", "短暂离线；未结束的会话需人工清点"),
        lambda sim: sim.drop_connection(),
    ),
    once(
        "babble",
        W("Bytes that mean nothing in the middle of the stream", "数据流中出现无意义的字节"),
        W("The reader is connected anew, or the message is dropped with a fault", "重新连接读写器，或丢弃消息并显示故障"),
        lambda sim: sim.babble(),
    ),
    once(
        "reboot",
        W("Power cycle: what was set up is gone", "重启：设置丢失"),
        W("Offline for a moment, then set up again", "短暂离线，随后重新配置"),
        lambda sim: sim.reboot(),
    ),
)  # fmt: skip
_OVERFLOW = once(
    "overflow",
    W("The reader's buffer overflowed: reads were lost", "读写器缓冲溢出：读取丢失"),
    W("The session must be counted by hand", "该会话需要人工清点"),
    lambda sim: sim.overflow(),
)
LLRP = (
    *WORLD,
    _OVERFLOW,
    switch(
        "occupied",
        W("Someone else's half-open connection holds the reader", "他人的半开连接占用读写器"),
        W("Refused with the reason, tried again at long intervals", "被拒绝并说明原因，长间隔重试"),
        "occupied",
    ),
    once(
        "closed",
        W("The reader ends the connection and says so", "读写器主动结束连接"),
        W("Offline for a moment", "短暂离线"),
        lambda sim: sim.close_connection(),
    ),
    once(
        "settings_changed",
        W("Somebody changes a setting on the reader's own page", "有人在读写器网页上修改设置"),
        W("Set up again at the next connection", "下次连接时重新配置"),
        lambda sim: sim.touch_configuration(),
    ),
)  # fmt: skip
IMPINJ = (
    *WORLD,
    _OVERFLOW,
    switch(
        "llrp_mode",
        W("Somebody switched the reader to LLRP", "有人把读写器切换到 LLRP"),
        W("Refused with the reason; a person must switch it back", "被拒绝并说明原因；需人工切换回来"),
        "llrp_mode",
    ),
    switch(
        "broken_inside",
        W("Every call ends in an error of the reader", "每次调用都以读写器错误结束"),
        W("Offline, with an incident", "离线，并产生异常事件"),
        "broken_inside",
    ),
)  # fmt: skip


def _refuse(sim: Any, on: bool) -> None:
    sim.refuse = "start" if on else ""


ZEBRA = (
    *WORLD,
    switch(
        "refuses_start",
        W("The reader refuses to start reading", "读写器拒绝开始读取"),
        W("Refused with the reason; a person must look", "被拒绝并说明原因；需人工处理"),
        act=_refuse, read=lambda sim: float(bool(sim.refuse)),
    ),
)  # fmt: skip
