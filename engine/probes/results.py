"""What probes return: plain numbers and numpy arrays, to travel through a pipe. Imports no torch.

Unit numbers and sample numbers count from 0; layers are named as their parameters are: layer1, layer2 …
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
    """`counts` between neighbouring `edges`; `not_finite` values are counted apart."""

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
    """What a watch-dog would bark at."""


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
    """A step length that a line search tried; `evaluations` counts passes over the batch up to it."""

    step_length: float
    loss: float
    evaluations: int
    accepted: bool


@dataclass(frozen=True)
class StepResult:
    """What the update d proposed at a position θ does to the loss of its batch."""

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
    """Between d and the previous update, where it was given."""
    layers: tuple[LayerStep, ...]
    trials: tuple[TrialPoint, ...]
    """Of a line search, in the order tried."""
    remark: str
    """What kept the rule from moving as it is meant to; empty where nothing did."""
    full: FullStep | None
    gradient: str = ""
    """What a gradient says that is nearly 0 in every layer; empty where it is not."""


@dataclass(frozen=True, eq=False)
class LineResult:
    """The loss at θ + m·d for multiples m of the proposed update d."""

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
    """One layer on the present batch, and, where asked for, on the whole training set."""

    name: str
    activation: str
    units: int
    pre_activations: Histogram
    gradients: Histogram
    """Of ∂loss/∂parameters."""
    mean_abs_gradient: float
    silent: Ints | None
    """Units that fire on no sample of the batch; None where the activation has no notion of firing."""
    dead: Ints | None
    """Units that fire on no training sample; None where not asked for or without firing."""
    constant: Ints
    """Units whose output is the same number for all samples looked at (more than one)."""
    saturated: Ints | None
    """Units saturated on nearly all samples of the batch; None but for sigmoid and tanh."""
    saturated_share: Floats | None
    """Per unit: the share of the batch's samples that saturate it."""
    distinct_incoming: int
    """The number of different (weights, bias) rows, bit for bit."""
    distinct_outgoing: int | None
    """The number of different columns in the next layer's weights; None for the last layer."""
    distinct: int
    """The number of units different in what comes in or in what goes out."""
    twins: tuple[tuple[int, ...], ...]
    """Groups of units with identical incoming weights and bias."""
    distinct_gradients: int
    """The number of different rows of the gradient by (weights, bias), bit for bit: units that are alike in
    these and in their parameters stay alike under every rule that treats all parameters the same."""
    rank: int | None
    """Of the weights, numerically; None where not asked for, or where they are not finite."""
    different_weights: int | None
    """How many different numbers there are among the weights; None where not asked for."""
    singular_values: Floats | None
    silent_since: Ints | None
    """Per silent unit: the first position from which on no batch made it fire."""
    watched_from: int | None
    """The first position whose batch was looked at for that."""
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class LayersResult:
    position: int
    samples: int
    """In the batch."""
    whole: bool
    """Whether `dead` and `constant` speak of the whole training set."""
    layers: tuple[LayerReport, ...]
    gradient: str = ""
    """What a gradient says that is nearly 0 in every layer; empty where it is not."""


# --- curvature --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class CurvatureResult:
    """Extreme eigenvalues of the training loss's Hessian, and the rule's own stability threshold."""

    position: int
    samples: int
    sharpness: float
    """λmax"""
    smallest: float | None
    """λmin, where asked for."""
    largest: Floats
    """The k largest, descending."""
    resolution: float
    """Eigenvalues closer to 0 than this are not told from 0."""
    threshold: float | None
    """What the rule is stable below; None for a rule that has no fixed one."""
    threshold_formula: str | None
    measure: str
    """λmax(H) or λmax(P⁻¹H): what is held against the threshold."""
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
    """The spectrum of a linear network's data, exact, and the loss split by it. Direction i belongs to
    the i-th singular value of [X, 1] (X without a bias), in descending order; arrays reach to `rank`."""

    position: int
    columns: int
    singular_values: Floats
    """All of them, with those that are rounding noise."""
    rank: int
    eigenvalues: Floats
    """Of the loss's Hessian in the (one) layer's parameters, each repeated once an output."""
    condition: float
    """λ₁/λ_rank, on the directions that exist."""
    naive_condition: float
    """What cond(XᵀX) prints in float64."""
    words: str
    loss: float
    unreachable: float
    """The part of the loss that no linear map of the inputs removes."""
    shares: Floats
    """The part of the loss in each direction: they add up to loss − unreachable."""
    factors: Floats | None
    """By what the distance to the solution shrinks at each step of the rule (1 − ηλ for gradient descent);
    None for adaptive rules, minibatches and more than one layer."""
    steps_left: Floats | None
    """Steps until a direction's share is 1 % of what it is; inf where it never will be."""
    states: tuple[Literal["solved", "falling", "frozen", "diverging"], ...] | None
    directions: Floats
    """(up to 8, columns): the first right singular vectors."""
    collapsed_weight: Floats
    """The one linear map that the layers amount to, (outputs, inputs)."""
    collapsed_bias: Floats
    collapse_difference: float
    """The largest difference between its outputs and the network's own on the training set."""


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
    """Of u and v, where they are eigendirections of the Hessian."""
    path: Floats
    """(points, 2): the states given, projected on the plane."""
    off_plane: Floats
    """(points,): how far each is from the plane."""


# --- samples and function ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SampleRow:
    """One sample: `target` is its label for classes, else an array as `output` is one."""

    number: int
    input: Values
    output: Values
    """The network's outputs, for classes softmax's probabilities where the loss takes them so."""
    target: Values | int
    loss: float
    max_error: float | None
    """max |output − target|; None for labels."""
    predicted: int | None
    right: bool

    @property
    def difference(self) -> Values:
        """output − target; for labels, minus the one-hot target."""
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
    """Samples that are not right, in all of them."""
    probabilities: bool
    chosen: tuple[SampleRow, ...]
    worst: tuple[SampleRow, ...]
    losses: Floats
    """Per sample."""
    predictions: Values | None
    """Per sample, for an index: to draw against `targets`."""
    targets: Values | None
    image_shape: tuple[int, int] | None


@dataclass(frozen=True, eq=False)
class Flip:
    number: int
    label: int
    predicted_before: int
    predicted_after: int
    before: Values
    """The outputs (probabilities) before."""
    after: Values


@dataclass(frozen=True, eq=False)
class FlipsResult:
    """Which training samples became right or wrong between two states; at most `limit` of each are listed."""

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
    """How far a network is from the identity, output unit by output unit."""

    position: int
    low: float
    high: float
    on_data: Floats
    """Per output: max |f(x) − x| over the training inputs."""
    on_interval: Floats
    """Per output: the largest over [low, high]^width, or the best that the search found."""
    exact: bool
    """False: `on_interval` is a lower bound."""
    worst_unit: int
    worst_input: Floats
    """Where `on_interval[worst_unit]` is attained."""
    dead: Ints
    """Outputs that fire on no training sample."""
    constant: Ints
    """Outputs that are the same number on all training samples."""
    width: int
    rank: int
    """Of the training inputs."""
    free: int
    """width − rank: directions that the data says nothing about."""
    data_singular_values: Floats
    map_singular_values: Floats | None
    """Of the linear map that the layers amount to, descending; None where they are not all linear."""
    map_resolution: float | None
    """Those below it are not told from 0."""
    span_distance: float | None
    """‖(A − I)V‖₂ with V an orthonormal basis of the data's span."""
    span_distance_rms: float | None
    """‖(A − I)V‖_F / √rank"""
    free_distance_rms: float | None
    """The same on the free directions: what training never touches."""
    words: str
