"""The run config: everything that determines a run, validated, from and to TOML.

A preset is a run config with its question, its claims and what to watch.
"""

from __future__ import annotations

import difflib
import tomllib
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

import tomli_w
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from engine.conditions import ConditionError, parse_condition
from engine.errors import UserError
from engine.history import FIELDS

MAX_FILE_BYTES = 1_000_000
MAX_PARAMETERS = 200_000_000
MAX_NEWTON_PARAMETERS = 2_000
IMAGE_PIXELS = 784
CLASSES = 10

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
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
    name: Literal["mnist"]


class DigitsData(_Images):
    name: Literal["digits"]


class RampData(_Table):
    """The arithmetic sequences S_i = [0 … length-1] + length·i of the linear document."""

    name: Literal["ramp"]
    target: Literal["index", "input"] = "index"
    scale: Scale = "raw"
    samples: int = Field(1500, ge=1, le=1_000_000)
    length: int = Field(100, ge=1, le=10_000)

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
    seed: int = Field(0, ge=0, lt=2**63)

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
    inputs: list[Annotated[list[Finite], Field(min_length=1, max_length=100)]] = Field(
        min_length=1, max_length=1000
    )
    labels: list[Annotated[int, Field(ge=0, lt=100)]] = Field(min_length=1)
    classes: int | None = Field(None, ge=2, le=100, description="as many as the labels need when not given")

    @model_validator(mode="after")
    def _points_fit(self) -> Self:
        if len({len(point) for point in self.inputs}) != 1:
            raise ValueError("inputs: the points do not all have the same number of coordinates")
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


Data = Annotated[
    MnistData | DigitsData | RampData | IntervalData | PointsData, Field(discriminator="name")
]

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


def _named(given: object) -> object:
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
    BeforeValidator(_named),
]
Activation = Literal["linear", "relu", "leaky_relu", "sigmoid", "tanh"]


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
Loss = Literal["mse", "half_mse", "cross_entropy", "binary_cross_entropy"]


class Train(_Table):
    loss: Loss
    rule: Rule
    clip_norm: Positive | None = Field(None, description="the gradient is scaled down to this norm")
    batch: Annotated[int, Field(ge=1)] | Literal["all"] = "all"
    shuffle: bool = True
    seed: int = Field(0, ge=0, lt=2**63)
    dtype: Literal["float32", "float64"] = "float32"
    device: Literal["cpu", "auto", "cuda", "mps"] = "cpu"
    threads: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = "auto"
    validate_every: int | None = Field(None, ge=1, description="positions between two validations")


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
        if loss in ("cross_entropy", "binary_cross_entropy") and target != "label":
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

    steps: int | None = Field(None, ge=0)
    epochs: int | None = Field(None, ge=0)
    keyframe_megabytes: int = Field(512, ge=1, description="memory for the states that can be gone back to")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.steps is not None and self.epochs is not None:
            raise ValueError("give 'steps' or 'epochs', not both")
        return self


class Claim(_Table):
    """A sentence of a document as a condition with a quantifier; judged by `engine.claims`."""

    says: str = Field(min_length=1)
    source: str = ""
    always: str | None = Field(None, min_length=1)
    never: str | None = Field(None, min_length=1)
    eventually: str | None = Field(None, min_length=1)
    at: int | None = Field(None, ge=0)
    condition: str | None = Field(None, min_length=1, description="what holds at position `at`")
    within: int | None = Field(None, ge=1)
    expect: Literal["holds", "refuted", "shown", "open"] | None = None

    @model_validator(mode="after")
    def _one_quantifier(self) -> Self:
        given = [q for q in ("always", "never", "eventually", "at") if getattr(self, q) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of 'always', 'never', 'eventually', 'at'; has {given}")
        if (self.at is None) != (self.condition is None):
            raise ValueError("'at' and 'condition' belong together: at = 100, condition = \"loss < 1\"")
        for quantifier in ("always", "never", "eventually", "condition"):
            text = getattr(self, quantifier)
            if text is not None:
                try:
                    parse_condition(text)
                except ConditionError as error:
                    raise ValueError(f"{quantifier}: {error}") from None
        return self


class Preset(RunConfig):
    """A run config, the question it answers, its claims, what to watch."""

    name: str = Field("", exclude=True, description="the file's stem")
    title: str = Field(min_length=1)
    document: str = ""
    question: str = ""
    watch: list[str] = Field(["loss", "accuracy"], min_length=1, max_length=4)
    log: list[str] = Field([], description="the watched fields whose charts open on a log scale")
    run: RunLength = RunLength()
    claim: list[Claim] = []

    @model_validator(mode="after")
    def _watch_fields(self) -> Self:
        for key, name in [*(("watch", name) for name in self.watch), *(("log", name) for name in self.log)]:
            if name not in FIELDS:
                raise ValueError(f"{key}: {name!r} is no field of a record; allowed: {', '.join(FIELDS)}")
        return self


# --- errors -----------------------------------------------------------------------------------------


class ConfigError(UserError):
    """All the problems of a config at once, a line each: source, key, what was given, what is allowed."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = list(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))


def _validated(raw: Mapping[str, Any], source: str) -> Preset:
    try:
        return Preset.model_validate(raw)
    except ValidationError as error:
        problems = [line for details in error.errors() for line in _describe(details, raw)]
        raise ConfigError(source, problems) from None


def _describe(details: ErrorDetails, raw: Mapping[str, Any]) -> list[str]:
    parents, key = _key(details["loc"], raw)
    kind, context = details["type"], details.get("ctx", {})
    where = f"{key}: " if key else ""
    if kind == "extra_forbidden":
        allowed = sorted(_fields_at(parents[:-1], raw))
        return [
            f"{where}unknown key; allowed: {', '.join(allowed)}{_did_you_mean(str(parents[-1]), allowed)}"
        ]
    if kind == "missing":
        return [f"{where}missing"]
    if kind == "value_error":
        return [where + line for line in str(context["error"]).split("\n\n")]
    if kind == "union_tag_not_found":
        return [f"{where}given {_shown(details['input'])}; needs a table with a 'name'"]
    if kind == "union_tag_invalid":
        allowed = [tag.strip("'") for tag in context["expected_tags"].split(", ")]
        given = context["tag"]
        return [
            f"{where.removesuffix(': ')}.name: given {given!r}; allowed: {', '.join(allowed)}"
            + _did_you_mean(given, allowed)
        ]
    hint = ""
    if kind == "literal_error" and isinstance(details["input"], str):
        hint = _did_you_mean(details["input"], context["expected"].replace(" or ", ", ").split(", "))
    message = details["msg"].removeprefix("Input should be ")
    return [f"{where}given {_shown(details['input'])}; allowed: {message}{hint}"]


def _shown(given: object) -> str:
    text = repr(given)
    return text if len(text) <= 60 else text[:57] + "…"


def _did_you_mean(given: str, allowed: Sequence[str]) -> str:
    close = difflib.get_close_matches(given, [a.strip("'") for a in allowed], n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _key(loc: Sequence[str | int], raw: Any) -> tuple[list[str | int], str]:
    """The path in the file: pydantic's, without the union tags and types that it puts between."""
    path: list[str | int] = []
    at: Any = raw
    for i, part in enumerate(loc):
        inside = (isinstance(at, Mapping) and part in at) or (
            isinstance(at, list) and isinstance(part, int) and part < len(at)
        )
        if inside:
            at = at[part]
            path.append(part)
        elif i == len(loc) - 1 and isinstance(at, Mapping):
            path.append(part)
    return path, ".".join(map(str, path))


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:
    """The tables that an annotation allows, inside lists and unions too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, list, Annotated):
        for argument in get_args(annotation):
            yield from _tables(argument)


def _table_at(path: Sequence[str | int], raw: Any) -> list[type[BaseModel]]:
    """The tables that may stand at `path` of `raw`; a union is narrowed by the `name` given there."""
    tables: list[type[BaseModel]] = [Preset]
    for part in path:
        raw = raw[part]
        if isinstance(part, str):
            tables = [
                inner
                for table in tables
                if part in table.model_fields
                for inner in _tables(table.model_fields[part].annotation)
            ]
        if isinstance(raw, Mapping) and "name" in raw:
            named = [table for table in tables if raw["name"] in _names(table)]
            tables = named or tables
    return tables


def _names(table: type[BaseModel]) -> tuple[Any, ...]:
    field = table.model_fields.get("name")
    return get_args(field.annotation) if field else ()


def _fields_at(path: Sequence[str | int], raw: Any) -> set[str]:
    return {name for table in _table_at(path, raw) for name in table.model_fields}


# --- TOML -------------------------------------------------------------------------------------------


def preset_names() -> list[str]:
    """The names of the presets that gradstep ships, in order."""
    files = resources.files("presets").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load_preset(which: str | Path, overrides: Sequence[str] = ()) -> Preset:
    """Load a shipped preset by name, or a TOML file by path, and apply overrides such as "train.seed=3"."""
    text, name, source = _read(which)
    return parse_preset(text, name=name, source=source, overrides=overrides)


def parse_preset(text: str, *, name: str, source: str, overrides: Sequence[str] = ()) -> Preset:
    """Parse a preset's TOML text; `source` names it in errors. Raises ConfigError with every problem."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(source, [f"no valid TOML: {error}"]) from None
    raw.setdefault("name", name)
    preset = _validated(raw, source)
    return override(preset, overrides) if overrides else preset


def _read(which: str | Path) -> tuple[str, str, str]:
    if str(which) in preset_names():
        file = resources.files("presets").joinpath(f"{which}.toml")
        return file.read_text("utf-8"), str(which), f"preset {which}"
    path = Path(which)
    if not path.exists():
        hint = _did_you_mean(str(which), preset_names())
        raise ConfigError(
            str(which), [f"no such preset or file{hint} (`gradstep presets` lists the presets)"]
        )
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(str(path), [f"larger than {MAX_FILE_BYTES:,} bytes: this is no preset"])
        return path.read_text("utf-8"), path.stem, str(path)
    except UnicodeDecodeError:
        raise ConfigError(str(path), ["not UTF-8 text: this is no preset"]) from None
    except OSError as error:
        raise ConfigError(str(path), [f"cannot be read: {error.strerror}"]) from None


def to_toml(config: RunConfig) -> str:
    """The config as TOML, with every default written out."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))


# --- changes ----------------------------------------------------------------------------------------


def override(preset: Preset, assignments: Sequence[str]) -> Preset:
    """Apply assignments "a.b=value" (the value as in TOML, or a bare word). Raises ConfigError."""
    return changed(preset, parse_assignments(assignments), source="--set")


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """{dotted key: value} from "a.b=value" texts. Raises ConfigError."""
    changes = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key.strip():
            raise ConfigError("--set", [f"given {assignment!r}; needs key=value, such as train.seed=3"])
        changes[key.strip()] = parse_value(value)
    return changes


def parse_value(text: str) -> Any:
    """A value as TOML writes it; what is no TOML value is a string."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text.strip()
    return parsed["value"] if len(parsed) == 1 else text.strip()


def changed(preset: Preset, changes: Mapping[str, Any], source: str = "change") -> Preset:
    """The preset with {dotted key: value} changed and validated; None removes a key. Raises ConfigError.

    A new `name` of a table keeps the keys that the new kind has too.
    """
    raw = preset.model_dump(exclude_unset=True)
    raw["name"] = preset.name
    for key, value in changes.items():
        _assign(raw, key, value, source)
    return _validated(raw, source)


def _assign(raw: dict[str, Any], key: str, value: Any, source: str) -> None:
    path: list[str | int] = [int(part) if part.isdigit() else part for part in key.split(".")]
    at: Any = raw
    for i, part in enumerate(path[:-1]):
        if isinstance(at, list):
            if not isinstance(part, int) or part >= len(at):
                raise ConfigError(source, [f"{key}: there are {len(at)} entries, numbered from 0"])
        else:
            allowed = _fields_at(path[:i], raw)
            if part not in allowed:
                raise ConfigError(source, [_unknown(key, str(part), allowed)])
            at[part] = _named(at.get(part, {}))
        at = at[part]
        if not isinstance(at, dict | list):
            raise ConfigError(source, [f"{key}: {part!r} is no table"])
    last = path[-1]
    if isinstance(at, list):
        if not isinstance(last, int) or last >= len(at):
            raise ConfigError(source, [f"{key}: there are {len(at)} entries, numbered from 0"])
        at[last] = value
        return
    allowed = _fields_at(path[:-1], raw)
    if last not in allowed:
        raise ConfigError(source, [_unknown(key, str(last), allowed)])
    if value is None:
        at.pop(last, None)
    else:
        at[last] = value
    if last == "name" and len(path) > 1:
        for stale in set(at) - _fields_at(path[:-1], raw):
            del at[stale]
    if path == ["run", "steps"]:
        at.pop("epochs", None)
    if path == ["run", "epochs"]:
        at.pop("steps", None)


def _unknown(key: str, part: str, allowed: set[str]) -> str:
    names = sorted(allowed)
    return f"{key}: unknown key {part!r}; allowed: {', '.join(names)}{_did_you_mean(part, names)}"


@dataclass(frozen=True)
class Setting:
    """One editable value of a config, as a form shows it."""

    key: str
    value: Any
    choices: tuple[str, ...]
    live: bool


def is_live(key: str) -> bool:
    """Whether a change of this key applies at the next step; every other one needs a new run."""
    return key.startswith("train.rule.") or key == "train.clip_norm"


def settings(preset: Preset) -> list[Setting]:
    """The editable values of a preset in the order of the file, with the choices where they are named."""
    found: list[Setting] = []
    for section in ("train", "data", "network"):
        _collect(section, getattr(preset, section), found)
    return sorted(found, key=lambda setting: not setting.live)


def _collect(prefix: str, table: BaseModel, found: list[Setting]) -> None:
    kind: type[BaseModel] = type(table)
    for name, field in kind.model_fields.items():
        key, value = f"{prefix}.{name}", getattr(table, name)
        if isinstance(value, BaseModel):
            _collect(key, value, found)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                _collect(f"{key}.{i}", item, found)
        else:
            found.append(Setting(key, value, _choices(prefix, name, field), is_live(key)))


def _choices(prefix: str, name: str, field: FieldInfo) -> tuple[str, ...]:
    if name == "name":
        section, _, part = prefix.partition(".")
        owners: dict[str, type[BaseModel]] = {"train": Train, "network": Network}
        annotation = owners.get(section, RunConfig).model_fields[part or section].annotation
        return tuple(kind for table in _tables(annotation) for kind in _names(table))
    if field.annotation is bool:
        return ("true", "false")
    if get_origin(field.annotation) is Literal:
        return tuple(str(choice) for choice in get_args(field.annotation))
    return ()
