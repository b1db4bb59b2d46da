"""The run config, which determines a run, and the `[train]` and `[run]` tables."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gradstep.engine.config.data import Data
from gradstep.engine.config.network import Network
from gradstep.engine.config.rules import LBFGS, Adam, LineSearch, Newton, Rule
from gradstep.engine.config.types import LARGEST, Count, Positive, Table, Whole

MAX_PARAMETERS = 200_000_000
MAX_NEWTON_PARAMETERS = 2_000


def with_proper_name(loss: object) -> object:
    """Return a loss's name for the one that presets and sessions of version 0.1 have."""
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


class Train(Table):
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

    @property
    def learning_rate(self) -> float | None:
        """The learning rate of the next update; None for a rule that finds its own step length."""
        return None if isinstance(self.rule, LineSearch | LBFGS | Newton) else self.rule.learning_rate


class RunConfig(Table):
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
        key, length = "learning_rate", self.train.learning_rate
        if isinstance(rule, LineSearch | LBFGS | Newton):
            key, length = "initial_step", rule.initial_step
        if self.train.dtype == "float32" and length is not None and length > largest:
            problems.append(
                f"train.rule.{key}: given {length}; allowed with train.dtype = 'float32': up to {largest:.4g}"
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


class RunLength(Table):
    """The `[run]` table: a run's planned length in `steps` or `epochs`, and the memory for its states."""

    steps: Whole | None = None
    epochs: Whole | None = None
    keyframe_megabytes: Count = Field(512, description="memory for the states to go back to")

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.steps is not None and self.epochs is not None:
            raise ValueError("give 'steps' or 'epochs', not both")
        return self
