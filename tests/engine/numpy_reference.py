"""Training written out in NumPy: what the engine's numbers are compared with; it shares no code with it.

Every formula is from the source named beside it. Derivatives are taken by hand from the formulas, in the
pre-activations (the engine works from the outputs, through torch's kernels).
"""

from dataclasses import dataclass

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# name: (f, f'), both of the pre-activation; the slope 0.01 is torch.nn.LeakyReLU's default
ACTIVATIONS = {
    "linear": (lambda z: z, lambda z: np.ones_like(z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
}


# --- losses: (loss, ∂loss/∂outputs) -----------------------------------------------------------------


def mse(outputs, targets):
    """Keras, torch: the mean over samples and outputs of the squared error, without a ½."""
    errors = outputs - targets
    return np.mean(errors**2), 2 * errors / errors.size


def half_mse(outputs, targets):
    loss, grad = mse(outputs, targets)
    return loss / 2, grad / 2


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def cross_entropy(outputs, labels):
    """Mean over the samples of −log softmax(outputs)[label]; its gradient is (softmax − one-hot)/n."""
    v = softmax(outputs)
    n = len(labels)
    return -np.mean(np.log(v[np.arange(n), labels])), (v - one_hot(labels, v.shape[1])) / n


def binary_cross_entropy(outputs, labels):
    """The exam document's `ce`: −(log v₀ + Σ log(1 − vᵢ)), index 0 the true class; mean over samples."""
    v = softmax(outputs)
    n, right = len(labels), one_hot(labels, v.shape[1]).astype(bool)
    loss = -np.where(right, np.log(v), np.log1p(-v)).sum() / n
    by_v = np.where(right, -1 / v, 1 / (1 - v)) / n
    return loss, v * (by_v - (by_v * v).sum(1, keepdims=True))


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def on_one_hot(loss):
    return lambda outputs, labels: loss(outputs, one_hot(labels, outputs.shape[1]))


# --- update rules: a function from a gradient to the update d of θ ← θ + d --------------------------


def gradient_descent(learning_rate):
    return lambda g: -learning_rate * g


def momentum(learning_rate, momentum=0.9):
    """Heavy ball (Goh, "Why Momentum Really Works"): z ← βz + g, θ ← θ − ηz."""
    z = 0.0

    def update(g):
        nonlocal z
        z = momentum * z + g
        return -learning_rate * z

    return update


def nesterov(learning_rate, momentum=0.9):
    """Nesterov's as torch.optim.SGD documents it: z ← βz + g, θ ← θ − η(g + βz)."""
    z = 0.0

    def update(g):
        nonlocal z
        z = momentum * z + g
        return -learning_rate * (g + momentum * z)

    return update


def rmsprop(learning_rate, rho, epsilon, inside):
    """Keras 2.2.4–2.3.1 `optimizers.py` (ε outside the root); Keras 3 `optimizers/rmsprop.py` (inside)."""
    v = 0.0

    def update(g):
        nonlocal v
        v = rho * v + (1 - rho) * g * g
        return -learning_rate * g / (np.sqrt(v + epsilon) if inside else np.sqrt(v) + epsilon)

    return update


def adam(learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Kingma and Ba, algorithm 1, ε outside the root of the corrected second moment."""
    m = v = 0.0
    t = 0

    def update(g):
        nonlocal m, v, t
        t += 1
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        return -learning_rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)

    return update


# the constants that the issue and FACTS.md give each form of RMSprop
RULES = {
    "gradient_descent": gradient_descent,
    "momentum": momentum,
    "nesterov": nesterov,
    "rmsprop_keras2": lambda learning_rate: rmsprop(learning_rate, 0.9, 1e-7, inside=False),
    "rmsprop_keras3": lambda learning_rate: rmsprop(learning_rate, 0.9, 1e-7, inside=True),
    "rmsprop_torch": lambda learning_rate: rmsprop(learning_rate, 0.99, 1e-8, inside=False),
    "adam": adam,
}

# --- metrics ----------------------------------------------------------------------------------------


def classification_metrics(outputs, labels):
    wrong = int(np.sum(np.argmax(outputs, 1) != labels))
    return {"accuracy": 1 - wrong / len(labels), "mistakes": wrong}


def regression_metrics(outputs, targets, tolerance):
    sizes = np.abs(outputs - targets)
    wrong = int(np.sum(sizes > tolerance))
    return {
        "accuracy": 1 - wrong / sizes.size,
        "mistakes": wrong,
        "mape": keras_mape(targets, outputs),
        "max_error": sizes.max(),
    }


def keras_mape(y_true, y_pred):
    """Keras 2.2.4 to 3, `losses.py`: 100 · mean(|y − ŷ| / max(|y|, 1e-7))."""
    return 100 * np.mean(np.abs((y_true - y_pred) / np.maximum(np.abs(y_true), 1e-7)))


# --- training ---------------------------------------------------------------------------------------


@dataclass
class Layer:
    weight: np.ndarray
    bias: np.ndarray | None
    activation: str


def forward(layers, inputs):
    """Each layer's pre-activations and outputs, the inputs first."""
    passes = [(None, inputs)]
    for layer in layers:
        z = passes[-1][1] @ layer.weight.T
        if layer.bias is not None:
            z = z + layer.bias
        passes.append((z, ACTIVATIONS[layer.activation][0](z)))
    return passes


def gradients(layers, passes, grad_outputs):
    """The gradient as one flat vector: layer by layer, weight before bias."""
    parts = []
    for i in range(len(layers) - 1, -1, -1):
        z = passes[i + 1][0]
        delta = grad_outputs * ACTIVATIONS[layers[i].activation][1](z)
        own = [(delta.T @ passes[i][1]).ravel()]
        if layers[i].bias is not None:
            own.append(delta.sum(0))
        parts = own + parts
        grad_outputs = delta @ layers[i].weight
    return np.concatenate(parts)


def flat(layers):
    parts = []
    for layer in layers:
        parts.append(layer.weight.ravel())
        if layer.bias is not None:
            parts.append(layer.bias)
    return np.concatenate(parts)


def move(layers, update):
    start = 0
    for layer in layers:
        for part in (layer.weight, layer.bias):
            if part is not None:
                part += update[start : start + part.size].reshape(part.shape)
                start += part.size


def train(layers, loss, rule, batch, metrics, steps, clip_norm=None):
    """Train `layers` in place; a list of `steps` + 1 records, as DESIGN.md defines them, and the parameters.

    `batch(k)` gives the inputs and targets of position k; `metrics(outputs, targets)` the other fields.
    """
    records = []
    update_norm = None
    for k in range(steps + 1):
        inputs, targets = batch(k)
        passes = forward(layers, inputs)
        value, grad_outputs = loss(passes[-1][1], targets)
        grad = gradients(layers, passes, grad_outputs)
        norm = np.sqrt(np.sum(grad**2))
        records.append(
            {
                "loss": value,
                "grad_norm": norm,
                "update_norm": update_norm,
                "param_norm": np.sqrt(np.sum(flat(layers) ** 2)),
                **metrics(passes[-1][1], targets),
            }
        )
        if k < steps:
            if clip_norm is not None and norm > clip_norm:
                grad = grad * (clip_norm / norm)
            update = rule(grad)
            move(layers, update)
            update_norm = np.sqrt(np.sum(update**2))
    return records, flat(layers)
