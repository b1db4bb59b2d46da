"""Small runs of the rules that search, and their losses written out in NumPy and in fractions."""

from fractions import Fraction

import numpy as np
from runs import RAMP, digits, preset

from gradstep.engine import Session

LINEAR_RAMP = {"name": "ramp", "samples": 1500, "length": 100, "scale": "raw"}
DIGITS = digits(30, 0)

RULES = {
    "backtracking": {"name": "line_search"},
    "wolfe": {"name": "line_search", "search": "wolfe"},
    "heavy ball": {"name": "line_search", "direction": "heavy_ball"},
    "conjugate gradients": {"name": "line_search", "direction": "conjugate_gradients", "search": "wolfe"},
    "lbfgs": {"name": "lbfgs", "history": 3},
    "newton": {"name": "newton", "search": "backtracking", "saddle_free": True},
}


def rule_preset(rule, data=RAMP, layers=(3, 1), **settings):
    """Layers of tanh below a linear one, on `half_mse` unless said otherwise."""
    *hidden, last = layers
    return preset(
        data, [*((units, "tanh") for units in hidden), last], rule=rule, **{"loss": "half_mse", **settings}
    )


def rule_session(rule, **settings):
    return Session(rule_preset(rule, **settings))


def from_zero(**rule):
    """One linear layer on the linear document's ramp, from w = 0, b = 0."""
    return rule_session(rule, data=LINEAR_RAMP, layers=(1,), initialiser={"name": "constant", "value": 0.0})


class NumpyNet:
    """The ½-mean squared error of a run's network as a function of the flat parameters."""

    def __init__(self, run):
        self.inputs, self.targets = run.dataset.train_inputs, run.dataset.train_targets
        self.shapes = [part.shape for part in run.parameters().values()]

    def loss(self, parameters):
        return self._loss(parameters).real

    def gradient(self, parameters):
        """By complex steps, exact to rounding: Squire and Trapp 1998."""
        steps = np.eye(len(parameters)) * 1e-30j
        return np.array([self._loss(parameters + step).imag for step in steps]) / 1e-30

    def hessian(self, parameters):
        """Central differences of the gradient."""
        columns = [
            (self.gradient(parameters + step) - self.gradient(parameters - step)) / 2e-5
            for step in np.eye(len(parameters)) * 1e-5
        ]
        return np.array(columns)

    def _loss(self, parameters):
        parts, start = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape))
            parts.append(parameters[start : start + size].reshape(shape))
            start += size
        x = self.inputs
        for i in range(0, len(parts), 2):
            x = x @ parts[i].T + parts[i + 1]
            if i + 2 < len(parts):
                x = np.tanh(x)
        return np.mean((x - self.targets) ** 2) / 2


class ExactRamp:
    """The ramp's ½-mean loss from w = 0, b = 0, without rounding.

    An output is p + 100·i·q with p = S₀·w + b and q = Σw, so all depends on the two numbers c = Jθ: a
    gradient Jᵀu moves them by JJᵀu. Vectors of the parameters are held as their u.
    """

    def __init__(self, samples=1500, length=100):
        line = range(length)
        square = sum(i * i for i in line) + 1
        self.metric = [[Fraction(square), Fraction(sum(line))], [Fraction(sum(line)), Fraction(length)]]
        n = [Fraction(sum(i**k for i in range(samples)), samples) for k in range(3)]
        self.moments = [[n[0], length * n[1]], [length * n[1], length**2 * n[2]]]
        self.targets = [n[1], length * n[2]]
        self.constant = n[2]
        self.c = [Fraction(0), Fraction(0)]

    def loss(self, c):
        fit = self.dot(c, self.times(self.moments, c))
        return (fit - 2 * self.dot(self.targets, c) + self.constant) / 2

    def gradient(self):
        return [a - b for a, b in zip(self.times(self.moments, self.c), self.targets, strict=True)]

    def product(self, u, v):
        """(Jᵀu)ᵀ(Jᵀv)."""
        return self.dot(u, self.times(self.metric, v))

    def curvature(self, u):
        moved = self.times(self.metric, u)
        return self.dot(moved, self.times(self.moments, moved))

    def at(self, u, alpha):
        return [c + alpha * m for c, m in zip(self.c, self.times(self.metric, u), strict=True)]

    @staticmethod
    def dot(a, b):
        return a[0] * b[0] + a[1] * b[1]

    def times(self, matrix, v):
        return [self.dot(row, v) for row in matrix]
