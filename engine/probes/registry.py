"""The probes, each with its cost, its needs of the run, and its wants of the way here.

A probe computes a result from a copy of a state, one probe a file. None disturbs the run. This module and
`results` import no torch, so a screen can list the probes and unpickle their results.

    subject = Subject.of(trainer, dataset)          # gradstep.engine.probes.subject: copies what may change
    run("curvature", subject, progress, k=3)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradstep.engine.errors import UserError

if TYPE_CHECKING:
    from gradstep.engine.probes.subject import Problem, Subject

Cost = Literal["free", "cheap", "dear"]
Need = Literal["linear", "squared", "labels", "identity"]
Progress = Callable[[float], bool]
"""Called with the share done (0–1), at most some 0.2 s apart; it returns False to cancel."""


class ProbeCancelledError(UserError):
    """A probe was cancelled; the run is as it was."""


@dataclass(frozen=True)
class Wanted:
    """A part of the way here, and the probe's option that takes it."""

    part: Literal["last update", "parameters before", "path"]
    """The update that led here, and the state before it, are not there at position 0."""
    option: str


@dataclass(frozen=True)
class Probe:
    """A probe as it is declared."""

    name: str
    says: str
    """A line for a list."""
    cost: Cost
    """free: every step; cheap: now and then while the run goes; dear: on demand or when paused."""
    needs: tuple[Need, ...] = ()
    """The names of NEEDS that the run must meet; the probe does not apply to others."""
    wants: Wanted | None = None
    dear_options: tuple[str, ...] = ()
    """Options that make it dear if they are true."""
    module: str = ""
    """The module of its function, if that has another name."""

    def cost_of(self, options: Mapping[str, Any]) -> Cost:
        """Return the cost with these options."""
        return "dear" if any(options.get(name) for name in self.dear_options) else self.cost

    @property
    def function(self) -> Callable[..., Any]:
        """The function (subject, progress, **options) → a result of `results`. Imports torch."""
        function: Callable[..., Any] = getattr(
            import_module(f"gradstep.engine.probes.{self.module or self.name}"), self.name
        )
        return function


PROBES: dict[str, Probe] = {
    probe.name: probe
    for probe in (
        Probe(
            "step",
            "What the proposed update does: predicted and actual change of the loss, layer by layer",
            "cheap",
            wants=Wanted("last update", "previous"),
            dear_options=("full",),
        ),
        Probe("line", "The loss along the proposed update, at other learning rates", "dear"),
        Probe(
            "layers",
            "Pre-activations, gradients; dead, saturated, constant and identical units; ranks",
            "cheap",
            dear_options=("whole", "ranks"),
        ),
        Probe(
            "curvature", "The Hessian's extreme eigenvalues against the rule's stability threshold", "dear"
        ),
        Probe(
            "spectrum",
            "The exact spectrum of a linear net's data: rank, condition, the loss by eigendirections",
            "dear",
            needs=("linear", "squared"),
        ),
        Probe(
            "surface",
            "The loss in a plane of parameters, with the path walked on it",
            "dear",
            wants=Wanted("path", "path"),
        ),
        Probe("samples", "Chosen and worst samples: input, output, target", "dear"),
        Probe(
            "flips",
            "Which samples an update makes right or wrong",
            "dear",
            needs=("labels",),
            wants=Wanted("parameters before", "before"),
            module="samples",
        ),
        Probe(
            "function",
            "How far the net is from the identity, on the data and anywhere in an interval",
            "dear",
            needs=("identity",),
        ),
    )
}

NEEDS: dict[Need, tuple[str, Callable[[Problem], bool]]] = {
    "linear": (
        "a network of linear layers only",
        lambda problem: all(layer.activation == "linear" for layer in problem.layers),
    ),
    "squared": (
        "a squared loss of targets that are no labels",
        lambda problem: not problem.classifies,
    ),
    "labels": ("targets that are labels", lambda problem: problem.classifies),
    "identity": (
        "targets that are the inputs themselves",
        lambda problem: problem.to_input,
    ),
}
"""Each need in words, and whether a problem meets it."""


def run(name: str, subject: Subject, progress: Progress | None = None, **options: Any) -> Any:
    """Compute a probe and return its result, a dataclass of `results`.

    Raises UserError for an unknown name or option, or if the probe does not apply to the run. Raises
    ProbeCancelledError if `progress` returns False.
    """
    probe = find(name)
    if reason := unmet(name, subject):
        raise UserError(f"{name}: {reason}")
    allowed = options_of(name)
    for option in options:
        if option not in allowed:
            raise UserError(f"{name}: unknown option {option!r}; allowed: {', '.join(allowed) or 'none'}")
    with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges has such numbers
        return probe.function(subject, progress, **options)


def find(name: str) -> Probe:
    """Return the probe of a name. Raises UserError for an unknown one."""
    if name not in PROBES:
        raise UserError(f"unknown probe {name!r}; there are: {', '.join(PROBES)}")
    return PROBES[name]


@cache
def options_of(name: str) -> tuple[str, ...]:
    """Return the names of a probe's options. Imports torch."""
    return tuple(inspect.signature(find(name).function).parameters)[2:]


def unmet(name: str, problem: Problem) -> str | None:
    """Return why a probe does not apply to a run that solves this problem; None if it does."""
    missing = [NEEDS[need][0] for need in find(name).needs if not NEEDS[need][1](problem)]
    return f"needs {' and '.join(missing)}" if missing else None


def available(problem: Problem) -> dict[str, str | None]:
    """Return for each probe, by name, why it does not apply; None if it does."""
    return {name: unmet(name, problem) for name in PROBES}
