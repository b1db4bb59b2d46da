"""The run config: everything that determines a run, as validated tables.

A preset is a run config with its question, its claims and what to watch.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticKnownError

from gradstep.engine.conditions.aggregates import parse_condition_over_seeds, parse_measure_of_run
from gradstep.engine.conditions.expression import ConditionError, parse_condition, parse_measure
from gradstep.engine.config.axes import Axis, AxisError, make_axis
from gradstep.engine.errors import UserError
from gradstep.engine.records.history import FIELDS
from gradstep.engine.records.quantities import QUANTITIES, find_quantity, form

MAX_VALUES = 50_000_000
MAX_PARAMETERS = 200_000_000
MAX_NEWTON_PARAMETERS = 2_000
MAX_POINTS = 1_000
MAX_COORDINATES = 100
MAX_CLASSES = 100
IMAGE_PIXELS = 784
CLASSES = 10
LARGEST = 1e38
"""float32 ends at 3.4e38; torch refuses a number beyond it."""


def _held(number: float) -> float:
    if abs(number) > LARGEST:
        raise ValueError(f"given {number}; allowed: from -{LARGEST} to {LARGEST}")
    return number


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Finite = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_held)]
Whole = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=1, lt=2**63)]
Scale = Literal["raw", "unit", "standard"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


# --- data -------------------------------------------------------------------------------------------


class _Images(_Table):
    target: Literal["label", "input"] = "label"
    scale: Scale = "unit"
    samples: int | None = Field(None, ge=1, le=1_000_000, description="the first n; all when not given")
    validation: int | None = Field(None, ge=0, le=1_000_000, description="the first n; 0 for none")

    @property
    def width(self) -> int:
        return IMAGE_PIXELS

    @property
    def outputs(self) -> int:
        return CLASSES if self.target == "label" else IMAGE_PIXELS


class MnistData(_Images):
    """MNIST's 60,000 training and 10,000 test images; `digits` where there is no MNIST."""

    name: Literal["mnist"]


class DigitsData(_Images):
    """scikit-learn's 1,797 handwritten digits, enlarged to 28×28."""

    name: Literal["digits"]


class RampData(_Table):
    """The arithmetic sequences S_i = [0 … length-1] + length·i of the linear document."""

    name: Literal["ramp"]
    target: Literal["index", "input"] = "index"
    scale: Scale = "raw"
    samples: int = Field(1500, ge=1, le=1_000_000)
    length: int = Field(100, ge=1, le=10_000)

    @model_validator(mode="after")
    def _fits_memory(self) -> Self:
        if self.samples * self.length > MAX_VALUES:
            raise ValueError(
                f"samples: {self.samples:,} × length {self.length:,} is more than {MAX_VALUES:,} values"
            )
        return self

    @property
    def width(self) -> int:
        return self.length

    @property
    def outputs(self) -> int:
        return 1 if self.target == "index" else self.length


class IntervalData(_Table):
    """Inputs drawn evenly from [low, high]."""

    name: Literal["interval"]
    target: Literal["input"] = "input"
    low: Finite = -1.0
    high: Finite = 1.0
    samples: int = Field(1000, ge=1, le=100_000)
    length: int = Field(16, ge=1, le=1_000)
    seed: Whole = 0

    @model_validator(mode="after")
    def _is_interval(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low: given {self.low}; allowed: less than high, which is {self.high}")
        return self

    @property
    def width(self) -> int:
        return self.length

    @property
    def outputs(self) -> int:
        return self.length


class PointsData(_Table):
    """A few labelled points, written out."""

    name: Literal["points"]
    target: Literal["label"] = "label"
    inputs: list[Annotated[list[Finite], Field(min_length=1, max_length=MAX_COORDINATES)]] = Field(
        min_length=1, max_length=MAX_POINTS
    )
    labels: list[Annotated[int, Field(ge=0, lt=MAX_CLASSES)]] = Field(min_length=1)
    classes: int | None = Field(
        None, ge=2, le=MAX_CLASSES, description="as many as the labels need when not given"
    )

    @model_validator(mode="after")
    def _points_fit(self) -> Self:
        others = [row for row, point in enumerate(self.inputs, 1) if len(point) != self.width]
        if others:
            raise ValueError(
                f"inputs: row 1 has {self.width} numbers; {len(others)} of {len(self.inputs)} rows have more "
                f"or fewer, the first is row {others[0]} with {len(self.inputs[others[0] - 1])}"
            )
        if len(self.labels) != len(self.inputs):
            raise ValueError(f"labels: {len(self.labels)} of them for {len(self.inputs)} points")
        if self.classes is not None and self.classes <= max(self.labels):
            raise ValueError(f"classes: given {self.classes}; the labels go up to {max(self.labels)}")
        return self

    @property
    def width(self) -> int:
        return len(self.inputs[0])

    @property
    def outputs(self) -> int:
        return self.classes or max(2, max(self.labels) + 1)


Data = Annotated[MnistData | DigitsData | RampData | IntervalData | PointsData, Field(discriminator="name")]

# --- network ----------------------------------------------------------------------------------------


class TorchInitialiser(_Table):
    """torch.nn.Linear's own: weights and biases from U(±1/√fan_in)."""

    name: Literal["torch"]


class GlorotUniformInitialiser(_Table):
    """Keras Dense's own: weights from U(±√(6/(fan_in+fan_out))), biases 0."""

    name: Literal["glorot_uniform"]


class HeUniformInitialiser(_Table):
    """Weights from U(±√(6/fan_in)), biases 0."""

    name: Literal["he_uniform"]


class NormalInitialiser(_Table):
    """Weights from N(mean, std²), biases 0."""

    name: Literal["normal"]
    mean: Finite = 0.0
    std: Positive = 0.05


class ConstantInitialiser(_Table):
    """Every weight and every bias the same number."""

    name: Literal["constant"]
    value: Finite = 0.0


class IdentityInitialiser(_Table):
    """Ones on the diagonal, zeros elsewhere, biases 0."""

    name: Literal["identity"]


class ShiftedIdentityInitialiser(_Table):
    """The identity's, with every hidden bias `shift` and the last one taking the shifts back.

    Hidden ReLUs are then in their linear region for all inputs above -shift: the construction of a comment
    on the identity document. Layers must be as wide as the inputs for it to be the identity.
    """

    name: Literal["shifted_identity"]
    shift: Finite = 1.0


class SwappedIdentityInitialiser(_Table):
    """The identity's with the outputs `first` and `second` (counted from 0) exchanged, in every layer."""

    name: Literal["swapped_identity"]
    first: int = Field(ge=0, le=99_999)
    second: int = Field(ge=0, le=99_999)


class SingleWeightInitialiser(_Table):
    """Every unit weighs its first input with `value` and all others with 0; biases 0."""

    name: Literal["single_weight"]
    value: Finite = 1.0


def with_name(given: object) -> object:
    """A table from its short form, the name alone."""
    return {"name": given} if isinstance(given, str) else given


Initialiser = Annotated[
    TorchInitialiser
    | GlorotUniformInitialiser
    | HeUniformInitialiser
    | NormalInitialiser
    | ConstantInitialiser
    | IdentityInitialiser
    | ShiftedIdentityInitialiser
    | SwappedIdentityInitialiser
    | SingleWeightInitialiser,
    Field(discriminator="name"),
    BeforeValidator(with_name),
]
Activation = Literal["linear", "relu", "leaky_relu", "sigmoid", "tanh"]
LEAKY_SLOPE = 0.01
"""torch.nn.LeakyReLU's default."""
ACTIVATION_FORMULAS: dict[Activation, str] = {
    "linear": "z",
    "relu": "max(z, 0)",
    "leaky_relu": f"max(z, {LEAKY_SLOPE}·z)",
    "sigmoid": "1/(1 + e⁻ᶻ)",
    "tanh": "tanh z",
}
"""What a unit makes of z, the weighted sum of its inputs and its bias."""


class Layer(_Table):
    units: int = Field(ge=1, le=100_000)
    activation: Activation = "linear"


class Network(_Table):
    layers: list[Layer] = Field(min_length=1, max_length=100)
    initialiser: Initialiser = TorchInitialiser(name="torch")
    bias: bool = True

    @model_validator(mode="after")
    def _swaps_units(self) -> Self:
        start = self.initialiser
        if isinstance(start, SwappedIdentityInitialiser):
            smallest = min(layer.units for layer in self.layers)
            if (last := max(start.first, start.second)) >= smallest:
                raise ValueError(f"initialiser: no unit {last} to swap; the smallest layer has {smallest}")
        return self

    def shapes(self, width: int) -> list[tuple[int, int]]:
        """The weight shapes (units, inputs), layer by layer, for inputs of this width."""
        return [(b, a) for a, b in pairwise([width, *(layer.units for layer in self.layers)])]

    def parameters(self, width: int) -> int:
        return sum(units * (inputs + self.bias) for units, inputs in self.shapes(width))


# --- training ---------------------------------------------------------------------------------------


class GradientDescent(_Table):
    """θ ← θ − ηg."""

    name: Literal["gradient_descent"]
    learning_rate: Positive = 0.1


class Momentum(_Table):
    """Heavy ball: z ← βz + g, θ ← θ − ηz."""

    name: Literal["momentum"]
    learning_rate: Positive = 0.1
    momentum: Fraction = 0.9


class Nesterov(_Table):
    """z ← βz + g, θ ← θ − η(g + βz)."""

    name: Literal["nesterov"]
    learning_rate: Positive = 0.1
    momentum: Fraction = 0.9


class RMSpropKeras2(_Table):
    """Keras 2: v ← ρv + (1−ρ)g², θ ← θ − ηg/(√v + ε)."""

    name: Literal["rmsprop_keras2"]
    learning_rate: Positive = 1e-3
    rho: Fraction = 0.9
    epsilon: Positive = 1e-7


class RMSpropKeras3(_Table):
    """Keras 3: the same with θ ← θ − ηg/√(v + ε)."""

    name: Literal["rmsprop_keras3"]
    learning_rate: Positive = 1e-3
    rho: Fraction = 0.9
    epsilon: Positive = 1e-7


class RMSpropTorch(_Table):
    """torch.optim.RMSprop: Keras 2's formula with torch's defaults."""

    name: Literal["rmsprop_torch"]
    learning_rate: Positive = 1e-2
    rho: Fraction = 0.99
    epsilon: Positive = 1e-8


class Adam(_Table):
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², θ ← θ − η·m̂/(√v̂ + ε), m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ)."""

    name: Literal["adam"]
    learning_rate: Positive = 1e-3
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Positive = 1e-8


class LineSearch(_Table):
    """θ ← θ + αd with the step length α searched along d, on the loss of the batch.

    A record's learning rate is here, as with the rules below, the first step length that is tried.
    """

    name: Literal["line_search"]
    direction: Literal["gradient", "heavy_ball", "conjugate_gradients"] = "gradient"
    search: Literal["backtracking", "wolfe", "exact"] = "backtracking"
    initial_step: Positive = 1.0
    shrink: Share = Field(0.5, description="backtracking: a step length over the one before")
    armijo: Share = Field(1e-4, description="share of the slope by which the loss has to fall")
    curvature: Share | None = Field(
        None, description="wolfe: share of the slope that may be left; 0.1 for conjugate gradients, else 0.9"
    )
    momentum: Fraction = Field(0.9, description="heavy ball: share of the previous direction")
    conjugate: Literal["polak_ribiere", "fletcher_reeves"] = "polak_ribiere"

    @property
    def learning_rate(self) -> float:
        return self.initial_step

    @property
    def curvature_bound(self) -> float:
        """`curvature`, or what Nocedal and Wright (section 3.1) advise for the direction."""
        if self.curvature is not None:
            return self.curvature
        return 0.1 if self.direction == "conjugate_gradients" else 0.9

    @model_validator(mode="after")
    def _conditions_fit(self) -> Self:
        if self.search == "wolfe" and self.armijo >= self.curvature_bound:
            bound = self.curvature_bound
            raise ValueError(f"armijo: given {self.armijo}; needs to be less than curvature, {bound}")
        return self


class LBFGS(_Table):
    """torch.optim.LBFGS, an iteration a step, with its strong Wolfe search; `history` is 100 in torch."""

    name: Literal["lbfgs"]
    initial_step: Positive = 1.0
    history: int = Field(10, ge=1, le=100)

    @property
    def learning_rate(self) -> float:
        return self.initial_step


class Newton(_Table):
    """θ ← θ − α(H + damping)⁺g with the batch's Hessian H, α = `initial_step` or searched back from it."""

    name: Literal["newton"]
    search: Literal["none", "backtracking"] = "none"
    initial_step: Positive = 1.0
    shrink: Share = 0.5
    armijo: Share = 1e-4
    damping: float = Field(0.0, ge=0, allow_inf_nan=False)
    saddle_free: bool = Field(False, description="|λ| for the Hessian's eigenvalues λ")

    @property
    def learning_rate(self) -> float:
        return self.initial_step


Rule = Annotated[
    GradientDescent
    | Momentum
    | Nesterov
    | RMSpropKeras2
    | RMSpropKeras3
    | RMSpropTorch
    | Adam
    | LineSearch
    | LBFGS
    | Newton,
    Field(discriminator="name"),
]


def with_proper_name(loss: object) -> object:
    """The name of a loss from the one that it had in presets and sessions of version 0.1."""
    return "exam_cross_entropy" if loss == "binary_cross_entropy" else loss


LossName = Literal["mse", "half_mse", "cross_entropy", "exam_cross_entropy"]
Loss = Annotated[LossName, BeforeValidator(with_proper_name)]
LOSS_FORMULAS: dict[LossName, str] = {
    "mse": "mean of (output − target)² over samples and outputs; of labels, target 1 for the label, else 0",
    "half_mse": "½·mse",
    "cross_entropy": "mean over samples of −log v[label], v = softmax(outputs)",
    "exam_cross_entropy": (
        "mean over samples of −log v[label] − Σ log(1 − v[other]), v = softmax(outputs): "
        "the exam document's ce, a sum over all classes"
    ),
}


class Train(_Table):
    loss: Loss
    rule: Rule
    clip_norm: Positive | None = Field(None, description="the gradient is scaled down to this norm")
    batch: Count | Literal["all"] = "all"
    shuffle: bool = True
    seed: Whole = 0
    dtype: Literal["float32", "float64"] = "float32"
    device: Literal["cpu", "auto", "cuda", "mps"] = "cpu"
    threads: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = "auto"
    validate_every: Count | None = Field(None, description="positions between two validations")


class RunConfig(_Table):
    """Everything that determines a run."""

    data: Data
    network: Network
    train: Train

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        outputs, target, loss = self.data.outputs, self.data.target, self.train.loss
        problems = []
        if (units := self.network.layers[-1].units) != outputs:
            problems.append(
                f"network.layers: the last layer has {units} units; the target {target!r} of "
                f"{self.data.name!r} needs {outputs}"
            )
        if loss in ("cross_entropy", "exam_cross_entropy") and target != "label":
            problems.append(
                f"train.loss: {loss!r} needs data.target = 'label', which is {target!r}; "
                "allowed with it: 'mse', 'half_mse'"
            )
        if (count := self.network.parameters(self.data.width)) > MAX_PARAMETERS:
            problems.append(f"network.layers: {count:,} parameters; at most {MAX_PARAMETERS:,} are allowed")
        problems += self._rule_problems(count)
        if self.train.device == "mps" and self.train.dtype == "float64":
            problems.append("train.dtype: 'float64' is not available on train.device = 'mps'; use 'float32'")
        if problems:
            raise ValueError("\n\n".join(problems))
        return self

    def _rule_problems(self, parameters: int) -> list[str]:
        rule, layers = self.train.rule, self.network.layers
        problems = []
        quadratic = len(layers) == 1 and layers[0].activation == "linear" and "mse" in self.train.loss
        # Adam's first step is η/(1 − β₁)
        largest = LARGEST * (1 - rule.beta1) if isinstance(rule, Adam) else LARGEST
        if self.train.dtype == "float32" and rule.learning_rate > largest:
            key = "learning_rate" if "learning_rate" in type(rule).model_fields else "initial_step"
            problems.append(
                f"train.rule.{key}: given {rule.learning_rate}; allowed with train.dtype = 'float32': "
                f"up to {largest:.4g}"
            )
        if isinstance(rule, LineSearch) and rule.search == "exact" and not quadratic:
            problems.append(
                "train.rule.search: 'exact' needs a loss that is quadratic on lines: one linear layer and "
                "'mse' or 'half_mse'; allowed here: 'backtracking', 'wolfe'"
            )
        if isinstance(rule, Newton) and parameters > MAX_NEWTON_PARAMETERS:
            problems.append(
                "train.rule.name: 'newton' computes the whole Hessian, of at most "
                f"{MAX_NEWTON_PARAMETERS:,} parameters; the network has {parameters:,}"
            )
        if isinstance(rule, LineSearch | LBFGS | Newton) and self.train.clip_norm is not None:
            problems.append(f"train.clip_norm: {rule.name!r} needs the whole gradient; leave it out")
        return problems


class RunLength(_Table):
    """How long a run goes when nothing else is said: `steps` or `epochs`, not both."""

    steps: Whole | None = None
    epochs: Whole | None = None
    keyframe_megabytes: Count = Field(512, description="memory for the states that can be gone back to")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.steps is not None and self.epochs is not None:
            raise ValueError("give 'steps' or 'epochs', not both")
        return self


QUANTIFIERS = ("always", "never", "eventually", "at", "seeds")


class Claim(_Table):
    """A sentence of a document as a condition with a quantifier."""

    says: str = Field(min_length=1)
    source: str = ""
    always: str | None = Field(None, min_length=1)
    never: str | None = Field(None, min_length=1)
    eventually: str | None = Field(None, min_length=1)
    at: Whole | None = None
    seeds: int | None = Field(None, ge=2, le=1000, description="judged at the end of the run of each seed")
    condition: str | None = Field(None, min_length=1, description="what holds at `at`, or for each seed")
    over_seeds: str | None = Field(None, min_length=1, description="what holds of the seeds together")
    measure: str | None = Field(None, min_length=1, description="the number whose spread over seeds is shown")
    within: Count | None = None
    expect: Literal["holds", "refuted", "shown", "open"] | None = None

    @model_validator(mode="after")
    def _one_quantifier(self) -> Self:
        given = [q for q in QUANTIFIERS if getattr(self, q) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(map(repr, QUANTIFIERS))}; has {given}")
        needed = self.at is not None or (self.seeds is not None and self.over_seeds is None)
        if needed != (self.condition is not None):
            raise ValueError(
                "'condition' belongs to 'at' or 'seeds', and they to it: at = 100, condition = \"loss < 1\""
            )
        if self.over_seeds is not None:
            if self.seeds is None:
                raise ValueError("'over_seeds' belongs to 'seeds': seeds = 20")
            try:
                parse_condition_over_seeds(self.over_seeds)
            except ConditionError as error:
                raise ValueError(f"over_seeds: {error}") from None
        if self.measure is not None:
            if self.seeds is None:
                raise ValueError("'measure' belongs to 'seeds': the number whose spread over them is shown")
            try:
                parse_measure(self.measure)
            except ConditionError as error:
                raise ValueError(f"measure: {error}") from None
        for quantifier in ("always", "never", "eventually", "condition"):
            text = getattr(self, quantifier)
            if text is not None:
                try:
                    parse_condition(text)
                except ConditionError as error:
                    raise ValueError(f"{quantifier}: {error}") from None
        return self

    @property
    def quantities(self) -> tuple[str, ...]:
        """What of a run has to be measured for it to be judged."""
        text = self.always or self.never or self.eventually or self.condition
        condition = parse_condition(text).quantities if text else ()
        measured = parse_measure(self.measure).quantities if self.measure else ()
        over = parse_condition_over_seeds(self.over_seeds).quantities if self.over_seeds else ()
        return tuple(dict.fromkeys((*condition, *measured, *over)))


class SweepAxis(_Table):
    """A setting and the values that it takes, as a list or a text such as "log:1e-4:1:9"."""

    key: str = Field(min_length=1, max_length=200)
    values: str | list[Any]
    labels: list[str] | None = Field(None, description="the values' names on the screen")

    @model_validator(mode="after")
    def _is_axis(self) -> Self:
        self.axis()
        return self

    def axis(self) -> Axis:
        try:
            return make_axis(self.key, self.values, self.labels)
        except AxisError as error:
            raise ValueError(f"values: {error}") from None


class Sweep(_Table):
    """Runs of the preset over all combinations of its axes' values."""

    axis: list[SweepAxis] = Field(min_length=1, max_length=6)
    until: str | None = Field(None, min_length=1, description="the condition at which a run ends early")
    measure: list[str] = Field([], max_length=10, description="numbers beside those of the last record")

    @model_validator(mode="after")
    def _is_read(self) -> Self:
        problems = []
        for key, texts, parse in (
            ("until", [self.until] if self.until else [], parse_condition),
            ("measure", self.measure, parse_measure_of_run),
        ):
            for text in texts:
                try:
                    parse(text)
                except ConditionError as error:
                    problems.append(f"{key}: {error}")
        if problems:
            raise ValueError("\n\n".join(problems))
        return self


def _is_quantity(name: str) -> str:
    try:
        find_quantity(name)
    except UserError as error:
        raise ValueError(str(error)) from None
    return name


def _can_be_watched(name: str) -> str:
    if name not in FIELDS and name.partition("[")[0] not in QUANTITIES:
        expected = [*FIELDS, *map(form, QUANTITIES.values())]
        raise PydanticKnownError("literal_error", {"expected": ", ".join(map(repr, expected))})
    return name if name in FIELDS else _is_quantity(name)


QuantityName = Annotated[str, AfterValidator(_is_quantity)]
Watched = Annotated[str, AfterValidator(_can_be_watched)]


class Preset(RunConfig):
    """A run config, the question it answers, its claims, what to watch."""

    name: str = Field("", exclude=True, description="the file's stem")
    title: str = Field(min_length=1)
    document: str = ""
    question: str = ""
    watch: list[Watched] = Field(["loss", "accuracy"], min_length=1, max_length=4)
    log: list[Watched] = Field([], description="the watched fields whose charts open on a log scale")
    measure: dict[QuantityName, Count] = Field(
        {}, description="quantities that are measured as the run goes, each every so many steps"
    )
    run: RunLength = RunLength()
    sweep: Sweep | None = None
    claim: list[Claim] = []

    @model_validator(mode="after")
    def _measured(self) -> Self:
        """What is claimed or watched of a quantity needs it measured where it is looked at."""
        problems = [
            f"watch: {name} is not measured; say every how many steps: [measure] {quoted(name)} = 10"
            for name in self.watch
            if name not in FIELDS and name not in self.measure
        ]
        for number, claim in enumerate(self.claim):
            for name in claim.quantities:
                every = self.measure.get(name)
                if every is None:
                    problems.append(
                        f"claim.{number}: {name} is not measured; say every how many steps: "
                        f"[measure] {quoted(name)} = 10"
                    )
                elif claim.at is not None and claim.at % every:
                    problems.append(
                        f"claim.{number}: {name} is measured every {every} steps, not at step {claim.at}"
                    )
        if problems:
            raise ValueError("\n\n".join(problems))
        return self


def quoted(name: str) -> str:
    """A quantity's name as a key of TOML."""
    return f'"{name}"' if "[" in name else name
