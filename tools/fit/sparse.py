"""Sparse rows and ridge regression over dense and sparse columns at once, by conjugate gradients."""

import numpy as np

from tools.fit.corpora import Floats


class Rows:
    """A sparse matrix that is multiplied from both sides; sums run in one fixed order, so results repeat exactly."""

    def __init__(self, columns: list[list[int]], values: list[list[float]], width: int) -> None:
        lengths = np.array([len(row) for row in columns])
        self.height, self.width = len(columns), width
        self._filled = np.flatnonzero(lengths)
        self._starts = (np.cumsum(lengths) - lengths)[self._filled]
        self._column = np.array([c for row in columns for c in row], dtype=np.int64)
        self._value = np.array([v for row in values for v in row])
        row_of = np.repeat(np.arange(self.height), lengths)
        order = np.argsort(self._column, kind="stable")
        by_column = self._column[order]
        self._row, self._turned_value = row_of[order], self._value[order]
        self._turned_starts = np.flatnonzero(np.diff(by_column, prepend=-1))
        self._used = by_column[self._turned_starts]

    def times(self, dense: Floats) -> Floats:
        out = np.zeros((self.height, dense.shape[1]))
        out[self._filled] = np.add.reduceat(dense[self._column] * self._value[:, None], self._starts, axis=0)
        return out

    def turned_times(self, dense: Floats) -> Floats:
        """The transpose times `dense`."""
        out = np.zeros((self.width, dense.shape[1]))
        out[self._used] = np.add.reduceat(dense[self._row] * self._turned_value[:, None], self._turned_starts, axis=0)
        return out

    def squares(self) -> Floats:
        """The sum of squares of each column."""
        return np.bincount(self._column, weights=self._value**2, minlength=self.width).astype(np.float64)


def ridge(rows: Rows, dense: Floats, targets: Floats, penalty: Floats, steps: int) -> tuple[Floats, Floats]:
    """Coefficients (of the dense columns, of the sparse ones) with least squared error plus `penalty` times squares.

    penalty: one number for each dense and then each sparse column. Nothing is centred here.
    """
    n = dense.shape[1]
    scale = (np.concatenate([(dense**2).sum(axis=0), rows.squares()]) + penalty)[:, None]

    def turned(of: Floats) -> Floats:
        return np.concatenate([dense.T @ of, rows.turned_times(of)])

    found = np.zeros((n + rows.width, targets.shape[1]))
    left = turned(targets)
    scaled = left / scale
    way = scaled.copy()
    size = (left * scaled).sum(axis=0)
    for _ in range(steps):
        ahead = turned(dense @ way[:n] + rows.times(way[n:])) + penalty[:, None] * way
        step = size / ((way * ahead).sum(axis=0) + 1e-300)
        found += step * way
        left -= step * ahead
        scaled = left / scale
        before, size = size, (left * scaled).sum(axis=0)
        way = scaled + size / (before + 1e-300) * way
    return found[:n], found[n:]
