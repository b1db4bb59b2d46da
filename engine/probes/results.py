"""The results of probes: plain numbers and NumPy arrays, to travel through a pipe. Imports no torch.

Units and samples count from 0. Layers are named as their parameters are: layer1, layer2 …
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.records.ranges import Floats, Ints

Values = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Histogram:
    """`counts` (bins,) between neighbouring `edges` (bins + 1,); values that are not finite count apart."""

    counts: Ints
    edges: Floats
    not_finite: int


# --- step and line ----------------------------------------------------------------------------------

StepVerdict = Literal[
    "not finite", "none", "rounding", "linear", "quadratic", "balanced", "overshoot", "uphill", "other"
]


@dataclass(frozen=True)
class LayerStep:
    """The norms of one layer's parameters, gradient and update; `ratio` is ‖update‖ / ‖parameters‖."""

    name: str
    parameters: int
    parameter_norm: float
    gradient_norm: float
    mean_abs_gradient: float
    update_norm: float
    ratio: float
    notes: tuple[str, ...]
    """Suspicious numbers, in words."""


@dataclass(frozen=True)
class FullStep:
    """The same update on the whole training set."""

    gradient_cosine: float
    """Between the batch's gradient and the whole set's."""
    descent_cosine: float
    """Between the update and the whole set's −gradient."""
    slope: float
    loss: float
    loss_after: float
    actual: float


@dataclass(frozen=True)
class TrialPoint:
    """A step length tried by a line search; `evaluations` counts the passes over the batch up to it."""

    step_length: float
    loss: float
    evaluations: int
    accepted: bool


@dataclass(frozen=True)
class StepResult:
    """The effect of the update d, proposed at θ, on the loss of its batch."""

    position: int
    learning_rate: float | None
    loss: float
    loss_after: float
    slope: float
    """dᵀg, the linear prediction of the change."""
    bend: float
    """dᵀHd"""
    predicted: float
    """dᵀg + ½dᵀHd"""
    actual: float
    """loss(θ + d) − loss(θ)"""
    ratio: float
    """actual / predicted"""
    linear_ratio: float
    """actual / dᵀg"""
    verdict: StepVerdict
    words: str
    gradient_norm: float
    update_norm: float
    descent_cosine: float
    """Between d and −g."""
    previous_cosine: float | None
    """Between d and the previous update; None if that was not given."""
    layers: tuple[LayerStep, ...]
    trials: tuple[TrialPoint, ...]
    """The trials of a line search, in order."""
    remark: str
    """Why the rule did not move as it is meant to; "" if it did."""
    full: FullStep | None
    gradient: str = ""
    """A note on a gradient near 0 in every layer; "" for other gradients."""


@dataclass(frozen=True, eq=False)
class LineResult:
    """The loss at θ + m·d for multiples m of the proposed update d; arrays are (points,)."""

    position: int
    learning_rate: float | None
    multiples: Floats
    losses: Floats
    quadratic: Floats
    """loss + m·dᵀg + ½m²·dᵀHd"""
    chosen: int
    """The index of m = 1."""
    best: int
    """The index of the least loss."""
    loss: float
    slope: float
    bend: float


# --- layers -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LayerReport:
    """A layer on the current batch and, on request, on the whole training set.

    `training.model.dead_units` says what silent and dead mean.
    """

    name: str
    activation: str
    units: int
    pre_activations: Histogram
    gradients: Histogram
    """Of ∂loss/∂parameters."""
    mean_abs_gradient: float
    silent: Ints | None
    """The silent units; None if they cannot fire."""
    dead: Ints | None
    """The dead units; None if not asked for, or if they cannot fire."""
    constant: Ints
    """Units with the same output on all samples looked at, two or more."""
    saturated: Ints | None
    """Units saturated on at least 95 % of the batch's samples; None except for sigmoid and tanh."""
    saturated_share: Floats | None
    """For each unit the share of the batch's samples that saturate it, (units,)."""
    distinct_incoming: int
    """The number of different (weights, bias) rows, bit for bit."""
    distinct_outgoing: int | None
    """The number of different columns in the next layer's weights; None for the last layer."""
    distinct: int
    """The number of units that differ in incoming or in outgoing weights."""
    twins: tuple[tuple[int, ...], ...]
    """Groups of units with identical incoming weights and bias."""
    distinct_gradients: int
    """The number of different rows of the gradient by (weights, bias), bit for bit.

    Units with equal rows and parameters stay equal under every rule that treats all parameters alike."""
    rank: int | None
    """The numerical rank of the weights; None if not asked for, or if they are not finite."""
    different_weights: int | None
    """The number of different weights; None if not asked for."""
    singular_values: Floats | None
    silent_since: Ints | None
    """For each silent unit the position since which it has fired on no batch."""
    watched_from: int | None
    """The first position whose batch was watched for that."""
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class LayersResult:
    position: int
    samples: int
    """The number of samples in the batch."""
    whole: bool
    """`dead` and `constant` are of the whole training set."""
    layers: tuple[LayerReport, ...]
    gradient: str = ""
    """A note on a gradient near 0 in every layer; "" for other gradients."""


# --- curvature --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class CurvatureResult:
    """Extreme eigenvalues of the training loss's Hessian, and the rule's own stability threshold."""

    position: int
    samples: int
    sharpness: float
    """λmax"""
    smallest: float | None
    """λmin; None if not asked for."""
    largest: Floats
    """The k largest eigenvalues, descending, (k,); NaN for each not found."""
    resolution: float
    """An eigenvalue is at most so far from each number; nearer to 0 it cannot be told from 0."""
    threshold: float | None
    """The rule is stable below it; None for a rule without one."""
    threshold_formula: str | None
    measure: str
    """The name of the number that is compared with the threshold: λmax(H) or λmax(P⁻¹H)."""
    measured: float
    ratio: float | None
    """measured / threshold: beyond 1 the quadratic model diverges."""
    method: Literal["dense", "lanczos"]
    products: int
    """Hessian-vector products computed."""
    converged: bool
    words: str


# --- spectrum and surface ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SpectrumResult:
    """The exact spectrum of a linear network's data, and the loss split by its directions.

    Direction i belongs to the i-th singular value of [X, 1], in descending order; of X without a bias. Arrays
    by direction are (rank,).
    """

    position: int
    columns: int
    singular_values: Floats
    """All singular values, rounding noise included, (columns,)."""
    rank: int
    eigenvalues: Floats
    """Of the loss's Hessian in the (one) layer's parameters, each repeated once an output."""
    condition: float
    """λ₁/λ_rank, on the directions that exist."""
    naive_condition: float
    """cond(XᵀX) as float64 computes it."""
    words: str
    loss: float
    unreachable: float
    """The part of the loss that no linear map of the inputs removes."""
    shares: Floats
    """The part of the loss in each direction; the sum is loss − unreachable."""
    factors: Floats | None
    """The factor of the distance to the solution at each step of the rule, 1 − ηλ for gradient descent.

    None for adaptive rules, minibatches and more than one layer."""
    steps_left: Floats | None
    """Steps until a direction's share is 1 % of its present one; inf if it never is."""
    states: tuple[Literal["solved", "falling", "frozen", "diverging"], ...] | None
    directions: Floats
    """(up to 8, columns): the first right singular vectors."""
    collapsed_weight: Floats
    """The linear map that the layers compute, (outputs, inputs)."""
    collapsed_bias: Floats
    collapse_difference: float
    """The largest difference between the map's outputs and the network's on the training set."""


@dataclass(frozen=True, eq=False)
class SurfaceResult:
    """`losses[j, i]` is the loss at θ + x[i]·u + y[j]·v, with u and v of length 1 and orthogonal."""

    position: int
    x: Floats
    y: Floats
    losses: Floats
    loss: float
    directions: Floats
    """(2, parameters): u and v."""
    eigenvalues: Floats | None
    """The eigenvalues of u and v, (2,); None if they are no eigendirections of the Hessian."""
    path: Floats
    """(states, 2): the coordinates of the path's states in the plane."""
    off_plane: Floats
    """(states,): the distance of each from the plane."""


# --- samples and function ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SampleRow:
    """A sample; `target` is its label, or an array with the shape of `output`."""

    number: int
    input: Values
    output: Values
    """The network's outputs, (outputs,); the softmax's probabilities if the loss takes these."""
    target: Values | int
    loss: float
    max_error: float | None
    """max |output − target|; None for labels."""
    predicted: int | None
    right: bool

    @property
    def difference(self) -> Values:
        """output − target; a label counts as its one-hot vector."""
        if isinstance(self.target, int):
            target: Values = np.eye(len(self.output), dtype=self.output.dtype)[self.target]
        else:
            target = self.target
        return self.output - target


@dataclass(frozen=True, eq=False)
class SamplesResult:
    position: int
    part: Literal["training", "validation"]
    kind: Literal["labels", "identity", "index"]
    samples: int
    mistakes: int
    """The number of samples of the part that are not right."""
    probabilities: bool
    chosen: tuple[SampleRow, ...]
    worst: tuple[SampleRow, ...]
    losses: Floats
    """The loss of each sample, (samples,)."""
    predictions: Values | None
    """The one output of each sample, (samples,), to draw against `targets`; None for several outputs."""
    targets: Values | None
    image_shape: tuple[int, int] | None


@dataclass(frozen=True, eq=False)
class Flip:
    number: int
    label: int
    predicted_before: int
    predicted_after: int
    before: Values
    """The outputs before, or the probabilities, (outputs,)."""
    after: Values


@dataclass(frozen=True, eq=False)
class FlipsResult:
    """The training samples that became right or wrong between two states; the first of each are listed."""

    position: int
    mistakes_before: int
    mistakes_after: int
    became_right: int
    became_wrong: int
    changed_wrong: int
    """Wrong before and after, with another class predicted."""
    right: tuple[Flip, ...]
    wrong: tuple[Flip, ...]


@dataclass(frozen=True, eq=False)
class FunctionResult:
    """The distance of a network to the identity, output by output."""

    position: int
    low: float
    high: float
    on_data: Floats
    """For each output max |f(x) − x| over the training inputs, (outputs,)."""
    on_interval: Floats
    """The same over [low, high]^width, or the largest that the search found, (outputs,)."""
    exact: bool
    """False: `on_interval` is a lower bound."""
    worst_unit: int
    worst_input: Floats
    """The input at which `on_interval[worst_unit]` is attained, (width,)."""
    dead: Ints
    """The dead outputs."""
    constant: Ints
    """The outputs with the same value on all training samples."""
    width: int
    rank: int
    """The rank of the training inputs."""
    free: int
    """width − rank: the directions that no training input has a part in."""
    data_singular_values: Floats
    map_singular_values: Floats | None
    """The singular values of the map that linear layers compute, descending; None for other layers."""
    map_resolution: float | None
    """Singular values of the map below it cannot be told from 0."""
    span_distance: float | None
    """‖(A − I)V‖₂ with V an orthonormal basis of the data's span."""
    span_distance_rms: float | None
    """‖(A − I)V‖_F / √rank"""
    free_distance_rms: float | None
    """The same on the free directions, which training never changes."""
    words: str
