"""Quantities are whole base units; pack levels are how people key and read them."""

from collections.abc import Sequence


def split(qty_each: int, levels: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Largest packs first: 41 over CTN of 12 is [("CTN", 3), ("EA", 5)]. `levels`: (name, each per pack)."""
    if qty_each < 0:
        raise ValueError("a quantity is never negative")
    rest, parts = qty_each, []
    for name, per_pack in sorted(levels, key=lambda level: -level[1]):
        packs, rest = divmod(rest, per_pack)
        if packs:
            parts.append((name, packs))
    if rest:
        parts.append(("EA", rest))
    return parts


def spell(qty_each: int, levels: Sequence[tuple[str, int]]) -> str:
    """As shown to people: "3 CTN x 12 + 5 EA = 41"."""
    sizes = dict(levels)
    parts = split(qty_each, levels)
    if not parts or all(sizes.get(name, 1) == 1 for name, _ in parts):
        return f"{qty_each} EA"
    words = [f"{n} {name} × {sizes[name]}" if sizes.get(name, 1) > 1 else f"{n} {name}" for name, n in parts]
    return f"{' + '.join(words)} = {qty_each}"
