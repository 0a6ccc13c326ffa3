"""Walking distances and paths on a graph."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

Edges = Sequence[tuple[int, int, int, bool]]
"""(a, b, length_mm, one_way) over node indices."""


def matrix(n: int, edges: Edges) -> csr_matrix:
    """(n, n) adjacency in mm, both directions unless one-way."""
    rows, cols, lengths = [], [], []
    for a, b, length_mm, one_way in edges:
        rows.append(a)
        cols.append(b)
        lengths.append(max(length_mm, 1))
        if not one_way:
            rows.append(b)
            cols.append(a)
            lengths.append(max(length_mm, 1))
    return csr_matrix((lengths, (rows, cols)), shape=(n, n))


def distances(n: int, edges: Edges, among: Sequence[int]) -> NDArray[np.float64]:
    """dist_mm: (k, k) over `among`, row = from; inf where there is no way."""
    nodes = np.asarray(among)
    result: NDArray[np.float64] = dijkstra(matrix(n, edges), indices=nodes)[:, nodes]
    return result


def path(n: int, edges: Edges, start: int, goal: int) -> list[int]:
    """Node indices of a shortest path, both ends included. Errors: ValueError when there is no way."""
    if start == goal:
        return [start]
    _, before = dijkstra(matrix(n, edges), indices=start, return_predecessors=True)
    if before[goal] < 0:
        raise ValueError(f"no way from node {start} to {goal}")
    walk = [goal]
    while walk[-1] != start:
        walk.append(int(before[walk[-1]]))
    return walk[::-1]
