"""One way on a graph, for who asks now and then: a vehicle, not a planner."""

import heapq
from collections.abc import Sequence

Edges = Sequence[tuple[int, int, int, bool]]
"""(a, b, length_mm, one_way) over node indices."""


def path(n: int, edges: Edges, start: int, goal: int) -> list[int]:
    """Node indices of a shortest path, both ends included. Errors: ValueError when there is no way.

    Source: Dijkstra (1959), with a binary heap.
    """
    near: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for a, b, length_mm, one_way in edges:
        near[a].append((b, max(length_mm, 1)))
        if not one_way:
            near[b].append((a, max(length_mm, 1)))
    best_mm, before = {start: 0}, {start: start}
    queue = [(0, start)]
    while queue:
        so_far, node = heapq.heappop(queue)
        if node == goal:
            walk = [goal]
            while walk[-1] != start:
                walk.append(before[walk[-1]])
            return walk[::-1]
        if so_far > best_mm[node]:
            continue
        for other, length_mm in near[node]:
            if so_far + length_mm < best_mm.get(other, so_far + length_mm + 1):
                best_mm[other], before[other] = so_far + length_mm, node
                heapq.heappush(queue, (so_far + length_mm, other))
    raise ValueError(f"no way from node {start} to {goal}")
