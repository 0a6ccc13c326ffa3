"""Whatever is missing and whoever has it: a split invents no piece, sends none twice, and keeps what it must."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from wms.processes.sourcing.rules import split
from wms.processes.sourcing.rules.warehouses import Warehouse

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SKUS = st.integers(1, 4)
STOCK = st.dictionaries(SKUS, st.integers(0, 6), max_size=4)
NEEDS = st.lists(st.tuples(SKUS, st.integers(1, 6), st.sampled_from(["", "", "SET"])), min_size=1, max_size=5)
HOUSES = st.lists(st.tuples(STOCK, st.booleans(), st.integers(0, 900), st.integers(0, 9)), max_size=4)


@example(needs=[(2, 1, "SET"), (2, 2, "SET")], here={2: 2}, houses=[({2: 1}, False, 0, 0)], policy="any", most=2)
@given(
    needs=NEEDS, here=STOCK, houses=HOUSES, policy=st.sampled_from(["any", "complete", "whole"]), most=st.integers(1, 4)
)
def test_a_split_keeps_every_piece_and_every_rule(
    needs: list[tuple[int, int, str]], here: dict[int, int], houses: list[tuple[dict[int, int], bool, int, int]], policy: str, most: int
) -> None:  # fmt: skip
    there = [
        split.There(
            Warehouse(code=f"W{n}", kind="bonded" if bonded else "overseas", country="NL", parcel_cents=cents, lead_days=days), stock
        )
        for n, (stock, bonded, cents, days) in enumerate(houses)
    ]  # fmt: skip
    order = split.Order(
        tuple(split.Need(f"{n}", sku, str(sku), qty, bundle) for n, (sku, qty, bundle) in enumerate(needs)),
        "DE", "shop", whole=policy == "whole", complete=policy != "any", parcels_max=most, cutoff_at=NOW,
    )  # fmt: skip
    made = split.choose(order, here, there)
    assert made == split.choose(order, here, list(reversed(there)))  # the same facts, the same answer
    sent: dict[str, int] = {}
    for part in made.parts:
        free = dict(next(t.free for t in there if t.warehouse.code == part.warehouse))
        for line, sku, n in part.lines:
            assert n > 0 and needs[int(line)][0] == sku
            free[sku] -= n
            sent[line] = sent.get(line, 0) + n
        assert min(free.values(), default=0) >= 0  # no piece that is not there
    left = {str(n): qty - sent.get(str(n), 0) for n, (_, qty, _) in enumerate(needs)}
    assert min(left.values()) >= 0  # and none twice
    stays = any(left.values())
    bonded = {t.warehouse.bonded for t in there for p in made.parts if t.warehouse.code == p.warehouse}
    assert bonded != {True, False} and not (bonded == {True} and stays)
    if made.parts and policy == "whole":
        assert len(made.parts) == 1 and not stays
    if made.parts and policy == "complete":
        wanted: dict[int, int] = {}
        for n, (sku, _, _) in enumerate(needs):
            wanted[sku] = wanted.get(sku, 0) + left[str(n)]
        assert all(n <= here.get(sku, 0) for sku, n in wanted.items())
    if made.parts and policy != "whole":
        assert len(made.parts) + (made.kind == "split" and stays) <= max(most, 1) or not _anything_here(order, here)
    sets = [n for n, x in enumerate(needs) if x[2] == "SET"]
    where = [{p.warehouse for p in made.parts for line, _, _ in p.lines if line == str(n)} for n in sets]
    assert all(w == where[0] and left[str(n)] in (0, needs[n][1]) for w, n in zip(where, sets, strict=True))


def _anything_here(order: split.Order, here: dict[int, int]) -> bool:
    return any(here.get(n.sku_id, 0) for n in order.needs)
