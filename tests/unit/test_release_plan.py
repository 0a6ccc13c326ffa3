"""Planning a wave: stock in turn, cartons, carts; and what the stream takes next."""

import itertools
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from wms.algorithms.labour.standards import Standard
from wms.algorithms.packing.model import Box
from wms.algorithms.streaming.promise import Pace
from wms.processes.order_release.rules import BadChannel, carts, channels, plan, stream
from wms.processes.order_release.rules.parcels import Supply
from wms.processes.order_release.rules.sources import Free

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BOX = Box("M", (300, 220, 160), 150, 15_000)
# A corridor of ten nodes, 1 m apart; carts start and end at node 0.
WALK = carts.Walk(tuple((1_000 * i, 0) for i in range(10)), tuple((i, i + 1, 1_000, False) for i in range(9)), 0, 0)
CART = carts.Cart(2, 60_000_000, 150_000)


def need(*lines: tuple[int, int], policy: str = "complete_only", priority: int = 5, cutoff_s: float = 0.0) -> plan.Need:
    return plan.Need(uuid4(), policy, tuple((uuid4(), sku, qty) for sku, qty in lines), priority, cutoff_s)


def snapshot(needs: list[plan.Need], free: list[Free]) -> plan.Snapshot:
    return plan.Snapshot(
        tuple(needs),
        tuple(free),
        Supply({i: ((100, 80, 40), 200) for i in range(10)}, (BOX,)),
        WALK,
        CART,
        Standard(),
        seconds=1.0,
    )


def test_scarce_stock_completes_the_most_orders_of_one_rank() -> None:
    greedy, small, smaller = need((1, 5)), need((1, 3)), need((1, 2))
    made = plan.solve(snapshot([greedy, small, smaller], [Free(1, 1, 5, 3)]))
    assert [p.refused == "" for p in made.orders] == [False, True, True]
    assert made.orders[0].refused == plan.NO_STOCK
    assert {i for t in made.tours for i in t.order_ids} == {small.order_id, smaller.order_id}


def test_rank_comes_before_number() -> None:
    greedy, small = need((1, 5), priority=1), need((1, 3))
    made = plan.solve(snapshot([small, greedy], [Free(1, 1, 5, 3)]))
    assert [p.refused == "" for p in made.orders] == [False, True]


def test_what_a_refused_order_does_not_take_another_gets() -> None:
    early, late = need((1, 2), (2, 1), cutoff_s=1.0), need((1, 2), cutoff_s=2.0)
    made = plan.solve(snapshot([early, late], [Free(1, 1, 2, 3)]))
    assert [p.refused == "" for p in made.orders] == [False, True]


def test_neighbours_share_a_cart_and_the_drawn_walk_is_as_long_as_it_says() -> None:
    near, far, far_too, near_too = need((1, 1)), need((9, 1)), need((8, 1)), need((2, 1))
    free = [Free(i, i, 5, i) for i in (1, 2, 8, 9)]
    made = plan.solve(snapshot([near, far, far_too, near_too], free))
    assert {frozenset(t.order_ids) for t in made.tours} == {
        frozenset((near.order_id, near_too.order_id)), frozenset((far.order_id, far_too.order_id)),
    }  # fmt: skip
    for t in made.tours:
        drawn = sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in itertools.pairwise(t.path))
        assert drawn == t.length_mm
        assert t.time_s == pytest.approx(Standard().seconds(t.length_mm, t.stops, t.pieces))


def test_the_shown_plan_ends_when_the_last_hand_is_done() -> None:
    made = plan.solve(snapshot([need((i, 1)) for i in (1, 2, 8, 9)], [Free(i, i, 5, i) for i in (1, 2, 8, 9)]))
    live = {p.order_id for p in made.orders}
    alone, pair = (plan.summarise({}, made, hands, live)["summary"] for hands in (1, 2))
    assert alone["finish_s"] == alone["time_s"] and alone["orders"] == 4
    assert pair["finish_s"] == max(round(t.time_s) for t in made.tours)


def test_a_plan_that_is_kept_comes_back_as_it_was() -> None:
    (planned,) = plan.solve(snapshot([need((1, 2), (2, 3), policy="ship_partial")], [Free(1, 1, 1, 3)])).orders
    assert planned.short
    assert plan.from_json(planned.order_id, plan.to_json(planned)) == planned


def test_a_wholesale_order_does_not_hold_up_the_planner() -> None:
    began = time.process_time()  # about half a second
    (planned,) = plan.solve(snapshot([need((1, 100_000), policy="ship_partial")], [Free(1, 1, 100_000, 3)])).orders
    assert time.process_time() - began < 10
    assert sum(sum(c["items"].values()) for c in planned.cartons) == 100_000


def channel(
    id_: int, seq: int, mode: str = "stream", state: str = "open", lead_min: int = 0, **takes: object
) -> channels.Channel:
    return channels.Channel(id_, f"c{id_}", seq, mode, state, None, channels.Filter.of(dict(takes)), 0, lead_min)


def waiting(
    carrier: str = "PostX", priority: int = 5, hours: float = 4, zones: tuple[str, ...] = (), lines: int = 1
) -> channels.Waiting:
    return channels.Waiting(
        uuid4(), carrier, "web", "DE", priority, lines, NOW + timedelta(hours=hours), frozenset(zones)
    )


def test_each_order_goes_to_the_first_channel_that_takes_it_also_when_that_one_is_locked() -> None:
    urgent, small, rest = channel(1, 1, state="locked", priority_max=2), channel(2, 2, lines_max=1), channel(3, 3)
    orders = [waiting(priority=1), waiting(), waiting(lines=4)]
    shared = channels.share_out([rest, small, urgent], orders)
    assert [[o.order_id for o in shared[i]] for i in (1, 2, 3)] == [[o.order_id] for o in orders]


def test_an_order_belongs_to_a_zone_only_when_all_its_stock_lies_there() -> None:
    cold = channels.Filter(zones=("cold",))
    assert channels.takes(cold, waiting(zones=("cold",)))
    assert not channels.takes(cold, waiting(zones=("cold", "dry")))
    assert not channels.takes(cold, waiting())


def test_a_wave_is_due_its_lead_time_before_the_cut_off() -> None:
    lead = channel(1, 1, "wave", lead_min=120)
    soon, later, other = waiting(hours=1.5), waiting(hours=3), waiting("Line", hours=1.5)
    assert channels.due(lead, [soon, later, other], NOW) == [[other], [soon]]


@pytest.mark.parametrize(
    ("floor", "reason", "orders"),
    [
        (channels.Floor(0, 0, 3, 0, 1, 8), "", 48),
        (channels.Floor(48, 0, 3, 0, 1, 8), "under_way", 0),
        (channels.Floor(0, 0, 3, 0, 1, 8, positions=12), "", 72),
        (channels.Floor(0, 0, 0, 0, 1, 8, positions=12), "", 24),
        (channels.Floor(0, 0, 0, 0, 1, 8), "", 16),
        (channels.Floor(0, channels.PACK_AHEAD, 3, 0, 1, 8), "pack_queue", 0),
        (channels.Floor(0, 0, 3, channels.CARTS_AHEAD, 1, 8), "carts_waiting", 0),
    ],
)
def test_the_floor_is_fed_and_no_more(floor: channels.Floor, reason: str, orders: int) -> None:
    room = channels.room(floor)
    assert (room.reason, room.orders) == (reason, orders)


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(BadChannel):
        channels.check("wave", "open", None, 0)
    with pytest.raises(BadChannel):
        channels.check("stream", "asleep", None, 0)


def test_when_hands_are_short_what_can_still_make_its_truck_goes_first() -> None:
    lost, kept, urgent = waiting(hours=0.01), waiting(hours=1), waiting(hours=9, priority=1)
    assert stream.in_line([lost, kept, urgent], 10, NOW) == [urgent, kept, lost]


def load(node: int) -> carts.Load:
    return carts.Load(uuid4(), 5, 0.0, (node,), 1, 100, 1_000)


def test_the_stream_takes_the_next_in_line_and_its_neighbours() -> None:
    loads = tuple(load(n) for n in (9, 1, 2, 8))
    chosen = stream.choose(stream.Pool(loads, 0, 2, WALK, CART))
    assert chosen == (loads[0].order_id, loads[3].order_id)


def test_who_must_hurry_goes_before_who_is_near() -> None:
    loads = tuple(load(n) for n in (9, 1, 2, 8))
    assert set(stream.choose(stream.Pool(loads, 2, 2, WALK, CART))) == {loads[0].order_id, loads[1].order_id}
    line = [waiting(priority=1), waiting(hours=0.5), waiting(hours=9), waiting(hours=0.5)]
    assert stream.urgent(line, Pace(), NOW) == 2, "the head of the line, up to the first that has time"


def test_the_stream_takes_all_when_there_is_room_for_all() -> None:
    loads = tuple(load(n) for n in (9, 1))
    assert stream.choose(stream.Pool(loads, 0, 2, WALK, CART)) == tuple(x.order_id for x in loads)


def test_ids_are_kept_apart() -> None:
    ids: list[UUID] = [
        i for t in plan.solve(snapshot([need((1, 1)) for _ in range(9)], [Free(1, 1, 9, 4)])).tours for i in t.order_ids
    ]
    assert len(ids) == len(set(ids)) == 9


def test_densest_first_takes_most_pieces_from_fewest_aisles_and_the_others_wait_with_a_reason() -> None:
    """Nodes of a corridor are aisles by themselves: five orders of one item at node 1 against five of single places."""
    together, apart = [need((1, 2)) for _ in range(5)], [need((i, 2)) for i in (2, 3, 4, 5, 6)]
    missing = need((7, 1))
    free = [Free(1, 1, 20, 1), *(Free(i, i, 9, i) for i in (2, 3, 4, 5, 6))]
    given = replace(snapshot([*apart, missing, *together], free), pieces_max=10)
    made = {p.order_id: p for p in plan.solve(given).orders}
    assert all(not made[n.order_id].refused for n in together)
    why = "left for a later wave: 10 pieces from 1 aisle(s) go first, 10.0 per aisle"
    assert {(made[n.order_id].refused, made[n.order_id].later) for n in apart} == {(why, True)}
    assert (made[missing.order_id].refused, made[missing.order_id].later) == (plan.NO_STOCK, False)
    whole = plan.solve(replace(given, pieces_max=0))
    assert [p.order_id for p in whole.orders if p.refused] == [missing.order_id]


def test_densest_first_of_what_is_there_and_where_nothing_fits() -> None:
    partial, large = need((1, 50), policy="ship_partial"), need((2, 9))
    free = [Free(1, 1, 4, 1), Free(2, 2, 9, 2)]
    made = plan.solve(replace(snapshot([partial, large], free), pieces_max=5)).orders
    assert made[0].refused == "" and [q for _, _, q in made[0].reserve] == [4]
    assert made[1].later and made[1].refused.startswith("left for a later wave")
    nobody = plan.solve(replace(snapshot([large], free), pieces_max=3)).orders
    assert nobody[0].later and nobody[0].refused == "left for a later wave: no order can be served"


ISLAND = carts.Walk((*WALK.xy_mm, (90_000, 0)), WALK.edges, 0, 0)


@pytest.mark.parametrize(("change", "free", "going", "refused"), [
    ({"walk": ISLAND}, [Free(1, 1, 9, 10), Free(2, 2, 9, 3)], 1, {0: plan.NO_STOCK + plan.ASTRAY}),
    ({"walk": ISLAND}, [Free(1, 1, 9, 10), Free(3, 1, 2, 4), Free(2, 2, 9, 3)], 2, {}),
    ({"walk": carts.Walk((), (), 0, 0)}, [], 0, {0: plan.NO_STOCK, 1: plan.NO_STOCK}),
    ({"cart": carts.Cart(0, 60_000_000, 150_000)}, [Free(1, 1, 9, 2), Free(2, 2, 9, 3)], 2, {}),
    ({"cart": carts.Cart(2, 60_000_000, 10)}, [Free(1, 1, 9, 2), Free(2, 2, 9, 3)], 2, {}),
    ({"supply": Supply({1: ((100, 80, 40), 200), 2: ((100, 80, 40), 200)}, ())}, [Free(1, 1, 9, 2), Free(2, 2, 9, 3)], 0, {0: "fit no carton", 1: "fit no carton"}),
    ({"supply": Supply({1: ((100, 80, 40), -5), 2: ((100, 80, 40), 200)}, (BOX,))}, [Free(1, 1, 9, 2), Free(2, 2, 9, 3)], None, {}),
    ({}, [Free(1, 1, 1, 2), Free(2, 2, 9, 3)], 1, {0: "complete_only: 1 line(s) short"}),
    ({}, [Free(1, 1, -3, 2), Free(2, 2, 9, 3)], 1, {0: plan.NO_STOCK}),
    ({"pieces_max": 3, "walk": ISLAND}, [Free(1, 1, 9, 10), Free(2, 2, 9, 3)], None, {}),
])  # fmt: skip
def test_bad_input_never_raises_and_every_order_is_planned_or_named(
    change: dict[str, Any], free: list[Free], going: int | None, refused: dict[int, str]
) -> None:
    needs = [need((1, 2)), need((2, 2))]
    made = plan.solve(replace(snapshot(needs, free), **change))
    toured = [i for t in made.tours for i in t.order_ids]
    assert sorted(toured) == sorted(p.order_id for p in made.orders if not p.refused), (
        "planned once, or refused with a reason"
    )
    if going is not None:
        assert len(toured) == going
    for i, why in refused.items():
        assert why in made.orders[i].refused
