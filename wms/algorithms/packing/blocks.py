"""One large box as full as it gets: blocks of equal pieces, and pairs of them, placed by a beam search over empty spaces.

The space nearest to a corner of the box is filled next, at that corner. A block is liked for its volume, for how little of the space
it leaves that no sum of sides can use, and for how much of its surface it rests against. Each partial loading is worth what the
greedy filling from it reaches; the beam grows until the counted work is spent.
Source: Araya and Riff, Computers & Operations Research 43, 2014 (BSG); Araya, Guerrero and Nunez, Computers & Operations
Research 82, 2017 (VCS, the evaluation); Fanslau and Bortfeldt, INFORMS J. Computing 22(2), 2010 (general blocks).
"""

from collections.abc import Sequence

from wms.algorithms.compiled import njit
from wms.algorithms.packing.model import Size
from wms.algorithms.packing.space import Cuboids, Spaces, carve
from wms.algorithms.packing.starts import Row, flat

BLOCKS_MAX = 6_000
FULL = 98
"""Least filling of a pair of blocks, in per cent of its hull."""
TOUCH_PCT = 4
"""A gap of so many per cent of a side counts as contact."""

Block = tuple[int, int, int, int, int, int, int, int, int, int]
"""(dx, dy, dz, volume; first part, its kind and pieces; second part, its kind and pieces). A simple block has one part, its turn; the
parts of a pair are blocks, and the axis along which they lie stands in the second part's high bits."""


def load(
    inner: Size, kinds: Sequence[tuple[Sequence[Size], int]], steps: int, *, blocks_max: int = BLOCKS_MAX
) -> Cuboids:
    """A dense loading; kinds: (turns, pieces). steps: counted work, about 10 ns each where kernels are compiled. Support is not asked
    for. Cuboids bear the index of the kind."""
    stands: list[int] = []
    rows: list[int] = []
    for turns, pieces in kinds:
        first = len(stands) // 3
        for turn in turns:
            stands += turn
        rows += (first, len(stands) // 3, pieces)
    return list(search(flat(inner), flat(rows), flat(stands), steps, blocks_max))


@njit
def reachable(side: int, rows: Row, stands: Row, axis: int) -> list[int]:
    """The largest sum of piece sides along an axis that is no more than each length."""
    can = [False] * (side + 1)
    can[0] = True
    for k in range(len(rows) // 3):
        for t in range(rows[3 * k], rows[3 * k + 1]):
            step = stands[3 * t + axis]
            for n in range(step, side + 1):
                if can[n - step]:
                    can[n] = True
    best = [0] * (side + 1)
    for n in range(1, side + 1):
        best[n] = n if can[n] else best[n - 1]
    return best


@njit
def simple_blocks(sides: Row, rows: Row, stands: Row) -> list[Block]:
    """Grids of one kind in one turn: (dx, dy, dz, volume, turn, kind, pieces, -1, -1, 0)."""
    found = [(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    found.clear()
    for k in range(len(rows) // 3):
        pieces = rows[3 * k + 2]
        for t in range(rows[3 * k], rows[3 * k + 1]):
            x = stands[3 * t]
            y = stands[3 * t + 1]
            z = stands[3 * t + 2]
            for a in range(1, min(pieces, sides[0] // x) + 1):
                for b in range(1, min(pieces // a, sides[1] // y) + 1):
                    for c in range(1, min(pieces // (a * b), sides[2] // z) + 1):
                        n = a * b * c
                        found.append((a * x, b * y, c * z, n * x * y * z, t, k, n, -1, -1, 0))
    return found


@njit
def pairs(sides: Row, rows: Row, blocks: list[Block], most: int) -> list[Block]:
    """Two simple blocks of two kinds side by side, nearly without a gap: (dx, dy, dz, volume, first block, its kind, its pieces,
    second block + axis * 2^20, its kind, its pieces)."""
    found = [(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    found.clear()
    order = [(-blocks[i][3], i) for i in range(len(blocks))]
    order.sort()
    for at in range(len(order)):
        p = blocks[order[at][1]]
        for to in range(at):
            q = blocks[order[to][1]]
            if p[5] == q[5]:
                continue
            volume = p[3] + q[3]
            for axis in range(3):
                x = p[0] + q[0] if axis == 0 else max(p[0], q[0])
                y = p[1] + q[1] if axis == 1 else max(p[1], q[1])
                z = p[2] + q[2] if axis == 2 else max(p[2], q[2])
                if x <= sides[0] and y <= sides[1] and z <= sides[2] and 100 * volume >= FULL * x * y * z:
                    found.append((
                        x, y, z, volume, order[at][1], p[5], p[6], order[to][1] + (axis << 20), q[5], q[6],
                    ))  # fmt: skip
        if len(found) >= 4 * most:
            break
    if len(found) > most:
        ranked = [(-found[i][3], i) for i in range(len(found))]
        ranked.sort()
        found = [found[i] for _, i in ranked[:most]]
    return found


@njit
def nearest(spaces: Spaces, sides: Row) -> tuple[int, int]:
    """The space nearest to a corner of the box, and at which of its own corners (bits: x, y, z at the far side)."""
    best = 1 << 60
    found = 0
    corner = 0
    for i in range(len(spaces)):
        x1, y1, z1, x2, y2, z2 = spaces[i]
        bits = 0
        dx = x1
        dy = y1
        dz = z1
        if sides[0] - x2 < dx:
            dx = sides[0] - x2
            bits += 1
        if sides[1] - y2 < dy:
            dy = sides[1] - y2
            bits += 2
        if sides[2] - z2 < dz:
            dz = sides[2] - z2
            bits += 4
        # Lexicographic: the smallest gap first; the larger space among equals.
        a = min(dx, dy, dz)
        c = max(dx, dy, dz)
        b = dx + dy + dz - a - c
        score = ((a * 4_096 + b) * 4_096 + c) * 4_096 - ((x2 - x1) * (y2 - y1) * (z2 - z1)) // (
            1 + sides[0] * sides[1] * sides[2] // 4_000
        )
        if score < best:
            best = score
            found = i
            corner = bits
    return found, corner


@njit
def like(block: Block, sx: int, sy: int, sz: int, fx: list[int], fy: list[int], fz: list[int]) -> float:
    """How well a block serves a space."""
    x = block[0]
    y = block[1]
    z = block[2]
    used = float(x + fx[sx - x]) * (y + fy[sy - y]) * (z + fz[sz - z]) / (float(sx) * sy * sz)
    a = float(y) * z
    b = float(x) * z
    c = float(x) * y
    touched = a + b + c
    if 100 * (sx - x) <= TOUCH_PCT * x:
        touched += a
    if 100 * (sy - y) <= TOUCH_PCT * y:
        touched += b
    if 100 * (sz - z) <= TOUCH_PCT * z:
        touched += c
    share = touched / (2 * (a + b + c))
    return block[3] * used * share * share * share * share * (block[6] + block[9]) ** -0.2


@njit
def complete(
    spaces: Spaces, rest: list[int], blocks: list[Block], sides: Row, fx: list[int], fy: list[int], fz: list[int], least: int
) -> tuple[int, list[tuple[int, int, int, int]], int]:  # fmt: skip
    """Fill greedily: (volume added, [(x, y, z, block)], steps)."""
    volume = 0
    steps = 0
    left = rest.copy()
    room = spaces.copy()
    put = [(0, 0, 0, 0)]
    put.clear()
    able = [i for i in range(len(blocks))]
    while len(room) > 0:
        at, corner = nearest(room, sides)
        x1, y1, z1, x2, y2, z2 = room[at]
        sx = x2 - x1
        sy = y2 - y1
        sz = z2 - z1
        best = -1.0
        chosen = -1
        steps += len(able)
        kept = 0
        for n in range(len(able)):
            i = able[n]
            b = blocks[i]
            if b[6] > left[b[5]] or (b[9] > 0 and b[9] > left[b[8]]):
                continue
            able[kept] = i
            kept += 1
            if b[0] <= sx and b[1] <= sy and b[2] <= sz:
                value = like(b, sx, sy, sz, fx, fy, fz)
                if value > best:
                    best = value
                    chosen = i
        able = able[:kept]
        if chosen < 0:
            room[at] = room[len(room) - 1]
            room.pop()
            continue
        b = blocks[chosen]
        x = x2 - b[0] if corner & 1 else x1
        y = y2 - b[1] if corner & 2 else y1
        z = z2 - b[2] if corner & 4 else z1
        put.append((x, y, z, chosen))
        volume += b[3]
        left[b[5]] -= b[6]
        if b[9] > 0:
            left[b[8]] -= b[9]
        room = carve(room, x, y, z, x + b[0], y + b[1], z + b[2], least)
    return volume, put, steps


@njit
def unfold(put: list[tuple[int, int, int, int]], blocks: list[Block], rows: Row, stands: Row) -> Cuboids:
    """The pieces of placed blocks."""
    placed = [(0, 0, 0, 0, 0, 0, 0)]
    placed.clear()
    for x0, y0, z0, block in put:
        parts = [(x0, y0, z0, block)]
        while len(parts) > 0:
            x, y, z, i = parts.pop()
            b = blocks[i]
            if b[9] > 0:
                axis = b[7] >> 20
                p = blocks[b[4]]
                parts.append((x, y, z, b[4]))
                second = b[7] & 0xFFFFF
                if axis == 0:
                    parts.append((x + p[0], y, z, second))
                elif axis == 1:
                    parts.append((x, y + p[1], z, second))
                else:
                    parts.append((x, y, z + p[2], second))
                continue
            dx = stands[3 * b[4]]
            dy = stands[3 * b[4] + 1]
            dz = stands[3 * b[4] + 2]
            for a in range(b[0] // dx):
                for c in range(b[1] // dy):
                    for d in range(b[2] // dz):
                        px = x + a * dx
                        py = y + c * dy
                        pz = z + d * dz
                        placed.append((px, py, pz, px + dx, py + dy, pz + dz, b[5]))
    return placed


@njit
def search(sides: Row, rows: Row, stands: Row, steps_max: int, blocks_max: int) -> Cuboids:
    """The beam, ever wider."""
    fx = reachable(sides[0], rows, stands, 0)
    fy = reachable(sides[1], rows, stands, 1)
    fz = reachable(sides[2], rows, stands, 2)
    blocks = simple_blocks(sides, rows, stands)
    if len(blocks) < blocks_max:
        for each in pairs(sides, rows, blocks, blocks_max - len(blocks)):
            blocks.append(each)
    least = 1 << 60
    for i in range(len(stands)):
        least = min(least, stands[i])
    pieces = [rows[3 * k + 2] for k in range(len(rows) // 3)]
    everything = [(0, 0, 0, sides[0], sides[1], sides[2])]
    top, best, used = complete(everything, pieces, blocks, sides, fx, fy, fz, least)
    width = 1.0
    while used < steps_max:
        w = int(width)
        rooms = [everything]
        lefts = [pieces]
        volumes = [0]
        puts = [[(0, 0, 0, 0)]]
        puts[0].clear()
        while len(rooms) > 0 and used < steps_max:
            # (-worth, number of the state, block, x, y, z)
            children = [(0, 0, 0, 0, 0, 0)]
            children.clear()
            for s in range(len(rooms)):
                room = rooms[s]
                left = lefts[s]
                ranked = [(0.0, 0)]
                ranked.clear()
                corner = 0
                at = 0
                while len(room) > 0 and len(ranked) == 0:
                    at, corner = nearest(room, sides)
                    x1, y1, z1, x2, y2, z2 = room[at]
                    used += len(blocks)
                    for i in range(len(blocks)):
                        b = blocks[i]
                        if b[0] <= x2 - x1 and b[1] <= y2 - y1 and b[2] <= z2 - z1 and b[6] <= left[b[5]]:
                            if b[9] > 0 and b[9] > left[b[8]]:
                                continue
                            ranked.append((-like(b, x2 - x1, y2 - y1, z2 - z1, fx, fy, fz), i))
                    if len(ranked) == 0:
                        room[at] = room[len(room) - 1]
                        room.pop()
                if len(ranked) == 0:
                    continue
                ranked.sort()
                x1, y1, z1, x2, y2, z2 = room[at]
                for n in range(min(len(ranked), w if w > 1 else 2)):
                    i = ranked[n][1]
                    b = blocks[i]
                    x = x2 - b[0] if corner & 1 else x1
                    y = y2 - b[1] if corner & 2 else y1
                    z = z2 - b[2] if corner & 4 else z1
                    after = left.copy()
                    after[b[5]] -= b[6]
                    if b[9] > 0:
                        after[b[8]] -= b[9]
                    volume, put, steps = complete(
                        carve(room, x, y, z, x + b[0], y + b[1], z + b[2], least),
                        after,
                        blocks,
                        sides,
                        fx,
                        fy,
                        fz,
                        least,
                    )
                    used += steps
                    total = volumes[s] + b[3] + volume
                    if total > top:
                        top = total
                        best = puts[s] + [(x, y, z, i)] + put
                    children.append((-total, s, i, x, y, z))
                    if used >= steps_max:
                        break
            children.sort()
            next_rooms = [everything]
            next_lefts = [pieces]
            next_puts = [puts[0]]
            next_volumes = [0]
            next_rooms.clear()
            next_lefts.clear()
            next_puts.clear()
            next_volumes.clear()
            last = 1
            for total, s, i, x, y, z in children:
                if total == last or len(next_rooms) == w:  # of equal ones the first: they are mostly the same loading
                    continue
                last = total
                b = blocks[i]
                after = lefts[s].copy()
                after[b[5]] -= b[6]
                if b[9] > 0:
                    after[b[8]] -= b[9]
                next_rooms.append(carve(rooms[s], x, y, z, x + b[0], y + b[1], z + b[2], least))
                next_lefts.append(after)
                next_puts.append(puts[s] + [(x, y, z, i)])
                next_volumes.append(volumes[s] + b[3])
            rooms = next_rooms
            lefts = next_lefts
            puts = next_puts
            volumes = next_volumes
        width *= 1.5
    return unfold(best, blocks, rows, stands)
