"""What can happen to any network cable, by the proxy in front of a device."""

from simulators.faults.catalogue import Words as W
from simulators.faults.catalogue import level, once, switch

FAULTS = (
    switch(
        "line_half_open",
        W("The connection stays open and nothing passes any more", "连接保持打开，但不再有数据通过"),
        W("Goes offline once its silence limit has passed, never earlier shown as well", "超过静默时限后离线，不会一直显示正常"),
        "faults.blackhole",
    ),
    level(
        "line_delay",
        W("Every byte comes later", "每个字节都延迟到达"),
        W("Slow answers; beyond the reply limit the device goes offline", "应答变慢；超过应答时限则设备离线"),
        "faults.delay_s", high=10, unit="s",
    ),
    level(
        "line_damage",
        W("Bits flip on the way", "传输中出现位翻转"),
        W("Damaged frames are dropped and counted, never taken for values", "损坏的帧被丢弃并计数，绝不当作数值"),
        "faults.corrupt_rate", high=20, unit="%", scale=0.01,
    ),
    level(
        "line_split",
        W("Frames arrive in pieces of so many bytes", "帧被切成若干字节的小段到达"),
        W("Nothing: frames are put together again", "无影响：帧会重新拼接"),
        "faults.max_chunk", high=16, unit="bytes", whole=True,
    ),
    once(
        "line_cut",
        W("The cable is pulled and put back", "网线被拔出后插回"),
        W("Offline for a moment, then back by itself", "短暂离线，随后自动恢复"),
        lambda proxy: proxy.cut(),
    ),
)  # fmt: skip
