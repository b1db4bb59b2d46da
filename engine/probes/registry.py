"""Probes: quantities computed from a state on demand or on a schedule, one a file. None disturbs the run.

This module and `results` import no torch, so that a screen can list the probes and unpickle their results.

    subject = Subject.of(trainer, dataset)          # gradstep.engine.probes.subject: copies what may change
    run("curvature", subject, progress, k=3)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gradstep.engine.errors import UserError

if TYPE_CHECKING:
    from gradstep.engine.probes.subject import Subject

Cost = Literal["free", "cheap", "dear"]
Progress = Callable[[float], bool]
"""Told the share done (0–1), at most some 0.2 s apart; False cancels."""


class ProbeCancelledError(UserError):
    """A probe was cancelled; the run knows nothing of it."""


@dataclass(frozen=True)
class Probe:
    """What is to be known of a probe before it is asked for."""

    name: str
    says: str
    """One line for a list."""
    cost: Cost
    """free: every step; cheap: now and then while the run goes; dear: on demand or when paused."""
    needs: tuple[str, ...] = ()
    """Names of NEEDS that a run must meet."""
    dear_options: tuple[str, ...] = ()
    """Options that make it dear where they are true."""
    module: str = ""
    """Where its function is, if not in the module of its name."""

    def cost_of(self, options: dict[str, Any]) -> Cost:
        """The cost with these options."""
        return "dear" if any(options.get(name) for name in self.dear_options) else self.cost

    @property
    def function(self) -> Callable[..., Any]:
        """(subject, progress, **options) → a result of `results`. Imports torch."""
        function: Callable[..., Any] = getattr(
            import_module(f"gradstep.engine.probes.{self.module or self.name}"), self.name
        )
        return function


PROBES = {
    probe.name: probe
    for probe in (
        Probe(
            "step",
            "What the proposed update does: predicted and actual change of the loss, layer by layer",
            "cheap",
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
        Probe("surface", "The loss in a plane of parameters, with the path walked on it", "dear"),
        Probe("samples", "Chosen and worst samples: input, output, target", "dear"),
        Probe(
            "flips",
            "Which samples an update makes right or wrong",
            "dear",
            needs=("labels",),
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

NEEDS: dict[str, tuple[str, Callable[[Subject], bool]]] = {
    "linear": (
        "a network of linear layers only",
        lambda subject: all(layer.activation == "linear" for layer in subject.layers),
    ),
    "squared": (
        "a squared loss of targets that are no labels",
        lambda subject: not subject.classifies,
    ),
    "labels": ("targets that are labels", lambda subject: subject.classifies),
    "identity": (
        "targets that are the inputs themselves",
        lambda subject: subject.to_input,
    ),
}


def run(name: str, subject: Subject, progress: Progress | None = None, **options: Any) -> Any:
    """Compute a probe. Raises UserError for an unknown name or option or a run that it says nothing of,
    and ProbeCancelledError where `progress` returned False."""
    probe = find(name)
    if reason := unmet(name, subject):
        raise UserError(f"{name}: {reason}")
    allowed = list(inspect.signature(probe.function).parameters)[2:]
    for option in options:
        if option not in allowed:
            raise UserError(f"{name}: unknown option {option!r}; allowed: {', '.join(allowed) or 'none'}")
    with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges has such numbers, and no news
        return probe.function(subject, progress, **options)


def find(name: str) -> Probe:
    """The probe of a name. Raises UserError."""
    if name not in PROBES:
        raise UserError(f"unknown probe {name!r}; there are: {', '.join(PROBES)}")
    return PROBES[name]


def unmet(name: str, subject: Subject) -> str | None:
    """Why a probe has nothing to say of this run; None where it has."""
    missing = [NEEDS[need][0] for need in find(name).needs if not NEEDS[need][1](subject)]
    return f"needs {' and '.join(missing)}" if missing else None
