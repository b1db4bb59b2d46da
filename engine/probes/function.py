"""The distance of a network to the identity: on the data, on an interval, and off the data's span.

One layer: exact. The error of output i is f(x) = a(w·x + b) − xᵢ over x in [lo, hi]ⁿ, a not decreasing. For
xᵢ = t fixed, the other terms Σ_{j≠i} wⱼxⱼ + b take every value of [L, U], where
U = b + Σ_{j≠i} max(wⱼ·lo, wⱼ·hi) and L the same with min, attained at corners. As a does not decrease, f is
greatest at U and least at L, so that

    max f = max over t in [lo, hi] of a(wᵢt + U) − t,        min f = min over t of a(wᵢt + L) − t,

each a search for one number t. Both are smooth in t except at a ReLU's kink. So the extreme is at an end, at
the kink t = −U/wᵢ (−L/wᵢ), or where the derivative wᵢa′ − 1 is 0: for the sigmoid s(1 − s) = 1/wᵢ, for tanh
1 − tanh² = 1/wᵢ. All these t are tried.

More layers: a lower bound. The largest |f| over a box is NP-hard for ReLU (Katz et al. 2017, "Reluplex"). A
projected gradient ascent from several starts searches for it.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from gradstep.engine.config.network import LEAKY_SLOPE
from gradstep.engine.errors import UserError
from gradstep.engine.probes.data_factor import factor
from gradstep.engine.probes.dense_stack import split
from gradstep.engine.probes.layers import dead_units, singular_values
from gradstep.engine.probes.passes import GRADIENT_COST, Work, cast, chunks
from gradstep.engine.probes.registry import Progress
from gradstep.engine.probes.results import FunctionResult
from gradstep.engine.probes.spectrum import collapse
from gradstep.engine.probes.subject import Subject, to_numpy
from gradstep.engine.records.ranges import Floats


def function(
    subject: Subject,
    progress: Progress | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    starts: int = 4,
    iterations: int = 20,
) -> FunctionResult:
    """Measure the distance of a network whose targets are its inputs.

    The interval is `low` to `high`, by default the training inputs' own. With several layers the search
    makes `iterations` steps (0–10,000) from the worst samples and from `starts` random corners (0–1000).
    Raises UserError for numbers outside of these, and for an interval that is empty or not finite.
    """
    inputs = subject.training.inputs
    low = float(inputs.min()) if low is None else low
    high = float(inputs.max()) if high is None else high
    if not (low < high and math.isfinite(low) and math.isfinite(high)):
        raise UserError(f"function: needs a finite interval with low < high; given {low:g} … {high:g}")
    if not (0 <= starts <= 1000 and 0 <= iterations <= 10_000):
        raise UserError("function: needs 0 … 1000 starts and 0 … 10,000 iterations")
    exact = len(subject.layers) == 1
    width = inputs.shape[1]
    share = width * (starts + 1) * iterations * GRADIENT_COST / len(inputs)
    work = Work(progress, 3.0 + (0.0 if exact else share))

    on_data, worst_sample = _on_data(subject, work)
    dead, constant = dead_units(subject, work)[-1]
    data = factor(subject, work, ones=False, targets=False)
    _, values, vt, rank = data.decompose(slice(None))
    on_interval, points = (
        _exact(subject, low, high)
        if exact
        else _search(subject, low, high, worst_sample, starts, iterations, work)
    )
    worst = int(np.argmax(np.where(np.isnan(on_interval), np.inf, on_interval)))
    linear = all(layer.activation == "linear" for layer in subject.layers)
    distances = _from_identity(collapse(subject)[0], vt, rank) if linear else None
    resolution = None if distances is None else map_resolution(subject)
    return FunctionResult(
        position=subject.position,
        low=low,
        high=high,
        on_data=on_data,
        on_interval=on_interval,
        exact=exact,
        worst_unit=worst,
        worst_input=points[worst],
        dead=np.zeros(0, np.int64) if dead is None else dead,
        constant=constant,
        width=width,
        rank=rank,
        free=width - rank,
        data_singular_values=values,
        map_singular_values=None if distances is None else distances[0],
        map_resolution=resolution,
        span_distance=None if distances is None else distances[1],
        span_distance_rms=None if distances is None else distances[2],
        free_distance_rms=None if distances is None else distances[3],
        words=(
            f"the largest error is {on_data.max():.4g} on the data and {'' if exact else 'at least '}"
            f"{on_interval.max():.4g} on [{low:g}, {high:g}]; {width - rank} of {width} directions are free"
        ),
    )


@torch.no_grad()
def _on_data(subject: Subject, work: Work) -> tuple[Floats, list[int]]:
    """Each output's largest error on the training set, and the sample with it. Adds 1 to `work`."""
    dtype = subject.precise
    parameters = subject.parameters.to(dtype)
    largest = torch.full((subject.layers[-1].units,), -1.0, dtype=dtype, device=subject.parameters.device)
    where = torch.zeros(len(largest), dtype=torch.int64, device=largest.device)
    for rows in chunks(subject, len(subject.training.inputs), 2):
        inputs = cast(subject.training, rows, dtype).inputs
        found, index = (subject.outputs_at(parameters, inputs) - inputs).abs().max(0)
        more = ~(found <= largest)  # so that NaN stays
        where = torch.where(more, index + rows.start, where)
        largest = torch.where(more, found, largest)
        work.add(len(inputs) / len(subject.training.inputs))
    return to_numpy(largest).astype(np.float64), where.tolist()


def _exact(subject: Subject, low: float, high: float) -> tuple[Floats, Floats]:
    """Each output's largest error over [low, high]ⁿ, (outputs,), and the input with it, (outputs, n)."""
    layer = subject.layers[0]
    ((weight, bias),) = split(subject.layers, subject.parameters)
    w = to_numpy(weight).astype(np.float64)
    b = np.zeros(len(w)) if bias is None else to_numpy(bias).astype(np.float64)
    n = np.arange(len(w))
    own = w[n, n]
    highest, lowest = np.maximum(w * low, w * high), np.minimum(w * low, w * high)
    upper = b + highest.sum(1) - highest[n, n]
    lower = b + lowest.sum(1) - lowest[n, n]

    best, at, above = np.full(len(w), -np.inf), np.zeros(len(w)), np.zeros(len(w), bool)
    for rest, sign in ((upper, 1.0), (lower, -1.0)):
        for t in _candidates(layer.activation, own, rest, low, high):
            inside = np.clip(np.nan_to_num(t, nan=low), low, high)
            error = sign * (_activation(layer.activation, own * inside + rest) - inside)
            better = ~(error <= best)
            best, at = np.where(better, error, best), np.where(better, inside, at)
            above = np.where(better, sign > 0, above)
    points = np.where((w > 0) == above[:, None], high, low)
    points[n, n] = at
    return best, points


def _candidates(activation: str, own: Floats, rest: Floats, low: float, high: float) -> list[Floats]:
    """Return each t at which a(wt + rest) − t can be extreme. Some may be outside the interval, or NaN."""
    found = [np.full_like(own, low), np.full_like(own, high)]
    with np.errstate(all="ignore"):
        kinks: list[Floats] = []
        if activation in ("relu", "leaky_relu"):
            kinks = [np.zeros_like(own)]
        elif activation == "sigmoid":
            root = np.sqrt(1 - 4 / own)
            kinks = [np.log((1 + root) / (1 - root)), np.log((1 - root) / (1 + root))]
        elif activation == "tanh":
            kinks = [np.arctanh(np.sqrt(1 - 1 / own)), -np.arctanh(np.sqrt(1 - 1 / own))]
        return found + [(z - rest) / own for z in kinks]


def _activation(name: str, z: Floats) -> Floats:
    with np.errstate(over="ignore"):
        values: dict[str, Floats] = {
            "linear": z,
            "relu": np.maximum(z, 0.0),
            "leaky_relu": np.where(z > 0, z, LEAKY_SLOPE * z),
            "sigmoid": 1 / (1 + np.exp(-z)),
            "tanh": np.tanh(z),
        }
    return values[name]


def _search(
    subject: Subject, low: float, high: float, worst: list[int], starts: int, iterations: int, work: Work
) -> tuple[Floats, Floats]:
    """Each output's largest error found, and the input with it, as `_exact` returns them.

    The steps follow the gradient's sign; they begin with half the interval and shrink by 0.85 each.
    """
    dtype, device = subject.precise, subject.parameters.device
    parameters = subject.parameters.to(dtype)
    units, width = subject.layers[-1].units, subject.training.inputs.shape[1]
    generator = np.random.default_rng(0)
    best = torch.full((units,), -math.inf, dtype=dtype, device=device)
    points = torch.zeros(units, width, dtype=dtype, device=device)
    for start in range(starts + 1):
        for rows in chunks(subject, units, GRADIENT_COST):
            own = torch.arange(rows.start, rows.stop, device=device)
            if start == 0:
                x = subject.training.inputs[worst[rows]].to(dtype).clamp(low, high)
            else:
                corners = generator.integers(0, 2, (len(own), width)).astype(np.float64)
                x = torch.from_numpy(low + (high - low) * corners).to(device, dtype)
            for i in range(iterations + 1):
                errors, grad = _errors(subject, parameters, x, own)
                more = ~(errors <= best[own])
                best[own] = torch.where(more, errors, best[own])
                points[own] = torch.where(more[:, None], x, points[own])
                x = (x + (high - low) * 0.5 * 0.85**i * grad.sign()).clamp(low, high)
                work.add(GRADIENT_COST * len(own) / len(subject.training.inputs))
    return to_numpy(best).astype(np.float64), to_numpy(points).astype(np.float64)


def _errors(subject: Subject, parameters: Tensor, x: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """|f(x)ᵢ − xᵢ| for each row of x with its own output i, (rows,), and its gradient, (rows, n)."""
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        index = own.unsqueeze(1)
        found = subject.outputs_at(parameters, leaf).gather(1, index)
        errors = (found - leaf.gather(1, index)).abs().squeeze(1)
        return errors.detach(), torch.autograd.grad(errors.sum(), leaf)[0]


def map_resolution(subject: Subject) -> float:
    """Return the size below which a singular value of the layers' product is rounding.

    The product of L layers with up to n units, and its decomposition, are made in float64: L·n·ε₆₄·Π‖W‖.
    Weights that were rounded to float32 are off by ½ε₃₂ each, the product by ½ε₃₂·Σ‖W‖_F·Π‖others‖. No
    singular value is off by more (Weyl).
    """
    weights = [to_numpy(own) for own, _ in split(subject.layers, subject.parameters)]
    values = [singular_values(own) for own in weights]
    product = math.prod(float(each[0]) for each in values)
    if product == 0:
        return 0.0
    widest = max(max(own.shape) for own in weights)
    resolution: float = len(weights) * widest * float(np.finfo(np.float64).eps) * product
    if (epsilon := torch.finfo(subject.parameters.dtype).eps) > np.finfo(np.float64).eps:
        shares = [float(np.linalg.norm(each) / each[0]) for each in values]
        resolution += 0.5 * epsilon * product * sum(shares)
    return resolution


def _from_identity(weight: Floats, vt: Floats, rank: int) -> tuple[Floats, float, float, float | None]:
    """Return the singular values of the map A, and its distances to the identity.

    On the data's span V these are ‖(A − I)V‖₂ and ‖(A − I)V‖_F/√rank. The last value is the latter off the
    span, None if the span is the whole space.
    """
    difference: Floats = weight - np.eye(len(weight))
    values = singular_values(weight)
    span: Floats = np.asarray(difference @ vt[:rank].T)
    free = len(weight) - rank
    # ‖A − I‖² is the sum of its part on the span and its part off it
    rest = float(np.sum((difference - span @ vt[:rank]) ** 2))
    return (
        values,
        float(singular_values(span)[0]),
        float(np.linalg.norm(span)) / math.sqrt(rank),
        math.sqrt(rest / free) if free else None,
    )
