"""Levenberg-Marquardt steps for P Gaussians at once, in float32; P is the last axis of all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..nodes import Nodes, Value
from .indexing import numbers, side

_TOLERANCE = 1.49012e-8  # of the sum of squares and of the parameters, as the kernel's
_FIRST_REGION = 100.0
_ROUNDS = 4  # of Newton's method for the damping
_SINGULAR = 4e-7  # of a pivot, where the diagonal is 1
_PARAMETERS = 4
_EYE = np.eye(_PARAMETERS, dtype=np.float32)[..., None]


class _Sums(NamedTuple):
    """Sums over windows.

    Attributes:
        squares: (P,) of the residuals.
        gradient: (4, P) half of the squares' one.
        normal: (4, 4, P) of the normal equations.
    """

    squares: Value
    gradient: Value
    normal: Value


class _Trust(NamedTuple):
    """What a step promises, at (P,) Gaussians."""

    region: Value
    length: Value  # of the step
    damping: Value
    promised: Value  # relative reduction of the squares
    slope: Value


def fitted(
    nodes: Nodes, start: Value, values: Value, exists: Value, trips: Value
) -> tuple[Value, Value]:
    """The least squares of height * exp(-r^2 / (2 sigma^2)), by the steps of the kernel.

    Three things differ from `pt_fit_gaussians`: all is float32; a trip counts as five evaluations
    even if its step is not taken; and the damping is found from below, whatever the last one was.
    Of peaks as networks make them 3 in 1000 end more than 0.01 pixels elsewhere, or converge where
    the kernel's do not. In noise, where the least squares are as shallow as float32 can say, it is
    1 in 5.

    Args:
        nodes: of the body.
        start: (4, P) height, row, column, sigma.
        values: (s, s, P), 0 where there are none.
        exists: (2, s, P), which rows and which columns there are.
        trips: how many steps are tried.

    Returns:
        (4, P) as `start`; (P,) bool, which converged.
    """
    first = _sums(nodes, start, values, exists)
    scale = _lengths(nodes, first.normal)
    scale = nodes.Where(scale > 0.0, scale, 1.0)
    reach = _norm(nodes, start * scale)
    region = nodes.Where(reach > 0.0, reach, 1.0) * _FIRST_REGION
    level = _is_level(nodes, first.gradient)

    def take(trip: Value, *state: Value) -> list[Value]:
        ranks = (2, 1, 2, 3, 2, 1, 1)
        at, squares, gradient, normal, scale, region, converged = (
            one.of_rank(rank) for one, rank in zip(state, ranks, strict=True)
        )
        here = _Sums(squares, gradient, normal)
        step, damping = _step(nodes, here, scale, region)
        trust = _promise(nodes, here, step, scale, region, damping, trip)
        trial = at - step
        sums = _sums(nodes, trial, values, exists)
        far_up = ~(sums.squares * 0.01 < squares)
        reduction = nodes.Where(far_up, -1.0, 1.0 - sums.squares / squares)
        ratio = nodes.Where(trust.promised > 0.0, reduction / trust.promised, 0.0)
        region = _resized(nodes, trust, far_up, reduction, ratio)
        better = ~converged & (ratio >= 1e-4)
        at = nodes.Where(better, trial, at)
        gains = (nodes.Abs(reduction) > _TOLERANCE) | (ratio > 2.0)
        gains = gains | ~(trust.promised <= _TOLERANCE)
        ends = ~gains | (region <= _norm(nodes, at * scale) * _TOLERANCE)
        squares, gradient, normal = (
            nodes.Where(better, new, old) for new, old in zip(sums, here, strict=True)
        )
        scale = nodes.Max(scale, _lengths(nodes, normal))
        converged = converged | ends | _is_level(nodes, gradient)
        return [at, squares, gradient, normal, scale, region, converged]

    ends = nodes.loop(trips, take, start, *first, scale, region, level)
    return ends[0].of_rank(2), ends[-1].of_rank(1)


def _sums(nodes: Nodes, at: Value, values: Value, exists: Value) -> _Sums:
    """At parameters (4, P). A Gaussian is a product of a row's factor and a column's."""
    height, sigma = at[0], at[3]
    variance = sigma * sigma
    places = numbers(nodes, side(nodes, values, 0)).cast(np.float32)[:, None]
    distance = places - at[1:3][:, None]  # (2, s, P), rows and columns
    squared = distance * distance
    factor = nodes.Where(exists, nodes.Exp(squared * (-0.5 / variance)), 0.0)
    terms = (factor, factor * distance, factor * squared)
    moments = nodes.Concat(*(term[:, None] for term in terms), axis=1).of_rank(4)  # (2, 3, s, P)
    residuals = (height * factor[0])[:, None] * factor[1] - values
    squares = nodes.ReduceSum(residuals * residuals, [0, 1], keepdims=0).of_rank(1)
    by_columns = (moments[1][:, None] * residuals).sum(2)
    weighted = (moments[0][:, None] * by_columns).sum(2)  # (3, 3, P) of row^i * column^j
    pairs = (moments[:, :, None] * moments[:, None]).sum(3)  # (2, 3, 3, P)
    products = pairs[0][:, None, :, None] * pairs[1][:, None]
    gradient = _by_parameter(nodes, nodes.Reshape(weighted, [9, -1]).of_rank(2), 0)
    normal = nodes.Reshape(products, [9, 9, -1]).of_rank(3)
    normal = _by_parameter(nodes, _by_parameter(nodes, normal, 0), 1)
    shift = (height / variance)[None]
    units = nodes.Concat(shift * 0.0 + 1.0, shift, shift, shift / sigma, axis=0).of_rank(2)
    return _Sums(squares, gradient * units, normal * units[:, None] * units)


def _by_parameter(nodes: Nodes, moments: Value, axis: int) -> Value:
    """Of the moments row^i * column^j, i, j = 0, 1, 2, along an axis, those of the derivatives.

    They are 1, row, column and row^2 + column^2, but for their units.
    """
    is_sigma = np.zeros((_PARAMETERS, *(1,) * (moments.ndim - 1 - axis)), np.float32)
    is_sigma[-1] = 1
    each = nodes.Gather(moments, [0, 3, 1, 6], axis=axis).of_rank(moments.ndim)
    other = nodes.Gather(moments, [2] * _PARAMETERS, axis=axis).of_rank(moments.ndim)
    return each + other * is_sigma


def _step(nodes: Nodes, sums: _Sums, scale: Value, region: Value) -> tuple[Value, Value]:
    """(4, P) minus the step within the trust region, and (P,) its damping."""
    squared = scale * scale
    diagonal = squared * _EYE

    def improve(_: Value, *state: Value) -> list[Value]:
        damping = state[0].of_rank(1)
        inverse = _inverse(nodes, sums.normal + diagonal * damping)
        step = _applied(inverse, sums.gradient)
        scaled = step * squared
        length = (step * scaled).sum(0)  # squared
        excess = length**0.5 - region
        slope = (scaled * _applied(inverse, scaled)).sum(0)
        more = damping + excess / region * length / slope
        return [nodes.Where(excess > region * 0.1, more, damping), damping, step]

    none = region * 0.0
    _, damping, step = nodes.loop(_ROUNDS, improve, none, none, sums.gradient)
    return step.of_rank(2), damping.of_rank(1)


def _promise(
    nodes: Nodes,
    sums: _Sums,
    step: Value,
    scale: Value,
    region: Value,
    damping: Value,
    trip: Value,
) -> _Trust:
    length = _norm(nodes, step * scale)
    region = nodes.Where(trip.equal(0), nodes.Min(region, length), region)
    linear = (step * _applied(sums.normal, step)).sum(0) / sums.squares
    damped = damping * length * length / sums.squares
    return _Trust(region, length, damping, linear + damped * 2.0, -(linear + damped))


def _resized(nodes: Nodes, trust: _Trust, far_up: Value, reduction: Value, ratio: Value) -> Value:
    """The trust region after a step that achieved `ratio` of the promised reduction."""
    shrink = trust.slope * 0.5 / (trust.slope + reduction * 0.5)
    shrink = nodes.Where(reduction >= 0.0, 0.5, shrink)
    shrink = nodes.Where(far_up | ~(shrink >= 0.1), 0.1, shrink)
    smaller = shrink * nodes.Min(trust.region, trust.length * 10.0)
    grows = trust.damping.equal(0.0) | (ratio >= 0.75)
    larger = nodes.Where(grows, trust.length * 2.0, trust.region)
    return nodes.Where(ratio > 0.25, larger, smaller)


def _inverse(nodes: Nodes, matrices: Value) -> Value:
    """Of symmetric (4, 4, P) matrices, by sweeps; 0 for what depends on the rest."""
    length = _lengths(nodes, matrices)
    length = nodes.Where(length > 0.0, length, 1.0)
    units = length[:, None] * length
    swept = matrices / units
    for i in range(_PARAMETERS):
        here = _EYE[i]
        column = swept[i]
        pivot = column[i]
        rest = column * (1 - here) - here
        over = nodes.Where(pivot > _SINGULAR, rest / pivot, 0.0)
        swept = swept * ((1 - here) * (1 - here[:, None])) - rest[:, None] * over
    return -swept / units


def _applied(matrices: Value, vectors: Value) -> Value:
    """(4, 4, P) times (4, P)."""
    return (matrices * vectors).sum(1)


def _lengths(nodes: Nodes, normal: Value) -> Value:
    """(4, P) roots of the diagonals of (4, 4, P)."""
    return (normal * _EYE).sum(1) ** 0.5


def _norm(nodes: Nodes, vectors: Value) -> Value:
    return (vectors * vectors).sum(0) ** 0.5


def _is_level(nodes: Nodes, gradient: Value) -> Value:
    return nodes.Abs(gradient).max(0).equal(0.0)
