"""What goes wrong with a label printer, of either dialect."""

from simulators.faults.catalogue import Words as W
from simulators.faults.catalogue import level, once, switch

FAULTS = (
    switch(
        "paper_out",
        W("The labels are used up", "标签用完"),
        W("Fault “paper out” and an incident; jobs wait or move to the next printer", "“缺纸”故障并产生异常；任务等待或转到下一台打印机"),
        "paper_out",
    ),
    switch(
        "ribbon_out",
        W("The ribbon is used up", "碳带用完"),
        W("Fault “ribbon out” and an incident", "“碳带用尽”故障并产生异常"),
        "ribbon_out",
    ),
    switch(
        "head_open",
        W("The print head is open", "打印头打开"),
        W("Fault “head open” and an incident; the label under way is printed anew", "“打印头打开”故障并产生异常；当前标签重新打印"),
        "head_open",
    ),
    switch(
        "head_hot",
        W("The print head is too hot", "打印头过热"),
        W("Fault until it has cooled", "冷却前显示故障"),
        "head_hot",
    ),
    switch(
        "paused",
        W("Somebody pressed pause", "有人按下暂停键"),
        W("Fault “paused”; jobs wait", "“已暂停”故障；任务等待"),
        "paused",
    ),
    switch(
        "silent",
        W("Takes data but answers nothing", "接收数据但不应答"),
        W("Offline; a job under way is unknown, its label is asked for, not printed twice", "离线；进行中的任务状态未知，会询问标签，不会重复打印"),
        "faults.silent",
    ),
    switch(
        "garbage",
        W("Noise before each answer", "每次应答前有噪声"),
        W("Nothing: noise is skipped", "无影响：噪声被跳过"),
        "faults.garbage",
    ),
    level(
        "slow_answers",
        W("Every answer comes later", "每次应答都延迟"),
        W("Slower confirmation; beyond the reply limit offline", "确认变慢；超过应答时限则离线"),
        "faults.slow_s", high=10, unit="s",
    ),
    switch(
        "drop_after_next",
        W("The connection is lost right after the next label's data", "下一张标签数据发送后立即断线"),
        W("Its job is unknown until the counters tell; never printed twice", "任务状态未知，直到计数器确认；绝不重复打印"),
        "faults.drop_on_format",
    ),
    switch(
        "drop_within_next",
        W("The connection is lost inside the next label's data", "下一张标签数据传输中断线"),
        W("Its job is unknown: void and issue anew, or ask", "任务状态未知：作废重发或询问"),
        "faults.drop_before_format",
    ),
    once(
        "reboot",
        W("Power is lost for a moment, what was buffered is lost", "瞬间断电，缓冲内容丢失"),
        W("Offline for a moment; a job under way is unknown", "短暂离线；进行中的任务状态未知"),
        lambda sim: sim.reboot(),
    ),
)  # fmt: skip

TSPL = (
    switch(
        "jam",
        W("The paper is jammed", "卡纸"),
        W("Fault “jam” and an incident", "“卡纸”故障并产生异常"),
        "jam",
    ),
    switch(
        "only_byte",
        W("A clone that knows the short status only", "仅支持简短状态的兼容机"),
        W("Nothing: the short status is enough", "无影响：简短状态已足够"),
        "only_byte",
    ),
)  # fmt: skip
