"""What goes wrong with a scale."""

from typing import Any

from simulators.faults.catalogue import Words as W
from simulators.faults.catalogue import level, once, switch


def _unit(sim: Any, on: bool) -> None:
    sim.unit = "lb" if on else "kg"


FAULTS = (
    switch(
        "never_stable",
        W("The weight never settles (draught, vibration)", "重量始终不稳定（气流、振动）"),
        W("No weight is taken; the packer is asked to wait, then to weigh again", "不采集重量；提示打包员等待后重新称重"),
        "faults.never_stable",
    ),
    level(
        "foreign_load",
        W("Something leans on the pan", "有物体压在秤盘上"),
        W("The parcel's weight is off; above 60 kg the scale is overloaded", "包裹重量偏差；超过 60 公斤则过载"),
        "faults.foreign_g", low=-1000, high=100_000, unit="g",
    ),
    level(
        "zero_drift",
        W("The zero creeps", "零点漂移"),
        W("Weights go off little by little until the scale is zeroed or its check fails", "重量逐渐偏离，直到归零或校验失败"),
        low=-20, high=20, unit="g/s", act=lambda sim, g_s: sim.drift(g_s), read=lambda sim: float(sim.faults.drift_g_s),
    ),
    level(
        "tare_left",
        W("A tare was left in the scale", "秤中残留皮重"),
        W("Net weights are refused or off by the tare", "净重被拒绝，或偏差等于皮重"),
        high=5000, unit="g", act=lambda sim, g: sim.preset_tare(g),
    ),
    level(
        "noise",
        W("The display trembles", "显示值抖动"),
        W("Weights scatter by so much", "重量在此范围内波动"),
        "noise_g", high=50, unit="g",
    ),
    switch(
        "unit_switched",
        W("Somebody switched the unit to lb", "有人把单位切换为磅"),
        W("Weights stay right: every value carries its unit", "重量仍然正确：每个值都带单位"),
        act=_unit, read=lambda sim: float(sim.unit != "kg"),
    ),
    switch(
        "not_zeroed",
        W("Power came back and nobody zeroed", "恢复供电后未归零"),
        W("Shown as a fault until the scale is zeroed (where its protocol tells it)", "显示故障直至归零（若协议支持）"),
        "faults.not_zeroed",
    ),
    switch(
        "frozen",
        W("The stream repeats the last weight whatever lies on the pan", "数据流重复最后的重量，不随秤盘变化"),
        W("No new weight is taken: the load was never removed", "不采集新重量：负载从未移除"),
        "faults.frozen",
    ),
    switch(
        "silent",
        W("Connected, but sends nothing any more", "已连接，但不再发送数据"),
        W("Offline, with an incident", "离线，并产生异常事件"),
        "faults.silent",
    ),
    level(
        "garbage",
        W("Noise between the lines", "行间出现噪声"),
        W("Noise is dropped; weights go on", "噪声被丢弃；称重继续"),
        "faults.garbage_rate", high=100, unit="%", scale=0.01,
    ),
    switch(
        "split_frames",
        W("Frames leave in pieces of one to three bytes", "帧以一到三字节的小段发出"),
        W("Nothing: frames are put together again", "无影响：帧会重新拼接"),
        "faults.split",
    ),
    level(
        "merged_frames",
        W("So many frames are held back and leave in one piece", "若干帧被积压后一次发出"),
        W("Weights come late and in bursts; old ones are not taken", "重量延迟且成批到达；过期的不采集"),
        "faults.merge", high=20, unit="frames", whole=True,
    ),
    switch(
        "wrong_checksum",
        W("The last byte of each frame is wrong", "每帧的最后一个字节错误"),
        W("No frame is believed; the scale goes offline", "所有帧都不可信；秤离线"),
        "faults.wrong_checksum",
    ),
    switch(
        "parity_mismatch",
        W("The line runs 7E1 and is read as 8N1", "线路为 7E1，却按 8N1 读取"),
        W("Nothing where bit 7 is masked; else offline with the reason", "屏蔽第 7 位时无影响；否则离线并说明原因"),
        "faults.parity_bit",
    ),
    switch(
        "wrong_baud",
        W("The line's speed is wrong", "线路波特率错误"),
        W("Offline: nothing can be read", "离线：无法读取任何数据"),
        "faults.wrong_baud",
    ),
    once(
        "reboot",
        W("Power is lost for a moment", "瞬间断电"),
        W("Offline for a moment, then back and not zeroed", "短暂离线，恢复后未归零"),
        lambda sim: sim.reboot(),
    ),
)  # fmt: skip
