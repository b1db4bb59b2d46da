"""A session's run again by `numpy_reference`, in float64 and from the session's initial parameters."""

import numpy as np
import numpy_reference as reference

RAMP_LOSSES = {"mse": reference.mse, "half_mse": reference.half_mse}
LABEL_LOSSES = {
    "mse": reference.on_one_hot(reference.mse),
    "half_mse": reference.on_one_hot(reference.half_mse),
    "cross_entropy": reference.cross_entropy,
    "exam_cross_entropy": reference.binary_cross_entropy,
}


def reference_layers(session):
    """The run's initial parameters, copied, as the reference's layers."""
    named = session.parameters()
    return [
        reference.Layer(
            named[f"layer{number}.weight"].astype(np.float64),
            named[f"layer{number}.bias"].astype(np.float64) if session.preset.network.bias else None,
            layer.activation,
        )
        for number, layer in enumerate(session.preset.network.layers, 1)
    ]


def reference_run(session, steps, clip_norm=None):
    """The same run by `numpy_reference`; each batch's samples are those of the engine's order."""
    config, data = session.preset, session.dataset
    labels = data.tolerance is None
    loss = (LABEL_LOSSES if labels else RAMP_LOSSES)[config.train.loss]
    rule = reference.RULES[config.train.rule.name](config.train.rule.learning_rate)
    inputs, targets = data.train_inputs.astype(np.float64), data.train_targets
    if data.train_targets is data.train_inputs:
        targets = inputs
    samples = len(inputs)
    size = samples if config.train.batch == "all" else min(config.train.batch, samples)
    count = -(-samples // size)

    def batch(position):
        epoch, number = divmod(position, count)
        order = np.arange(samples)
        if config.train.shuffle and config.train.batch != "all":
            # the order as batches.py documents it; test_step_reference.py tests that it is one of all samples
            order = np.random.default_rng([config.train.seed, epoch]).permutation(samples)
        chosen = order[number * size : (number + 1) * size]
        return inputs[chosen], targets[chosen]

    def metrics(outputs, wanted):
        if labels:
            return reference.classification_metrics(outputs, wanted)
        return reference.regression_metrics(outputs, wanted, data.tolerance)

    return reference.train(reference_layers(session), loss, rule, batch, metrics, steps, clip_norm)
