"""Results of probes, made by hand: what the engine would send."""

import math

import numpy as np

from gradstep.engine.probes.results import (
    CurvatureResult,
    Flip,
    FlipsResult,
    FullStep,
    FunctionResult,
    Histogram,
    LayerReport,
    LayersResult,
    LayerStep,
    LineResult,
    SampleRow,
    SamplesResult,
    SpectrumResult,
    StepResult,
    SurfaceResult,
    TrialPoint,
)

SIDE = 28


def step(position=20, actual=-0.011, full=False, trials=(), **given):
    layers = (
        LayerStep("layer1", 50240, 4.612, 0.1612, 3.948e-4, 0.01612, 0.003494, ()),
        LayerStep("layer2", 650, 1.83, 0.3022, 1e-9, 0.03022, 0.01652, ("vanishing gradient: mean |g|",)),
    )
    known = {
        "learning_rate": 0.1,
        "loss": 2.323,
        "loss_after": 2.323 + actual,
        "slope": -0.0117,
        "bend": 0.0015,
        "predicted": -0.01095,
        "ratio": actual / -0.01095,
        "linear_ratio": actual / -0.0117,
        "verdict": "quadratic",
        "words": "the loss falls as the quadratic predicts",
        "gradient_norm": 0.3425,
        "update_norm": 0.03425,
        "descent_cosine": 1.0,
        "previous_cosine": None,
        "remark": "",
    }
    return StepResult(
        position=position,
        actual=actual,
        layers=layers,
        trials=trials,
        full=FullStep(0.97, 0.96, -0.0113, 2.4, 2.39, -0.0101) if full else None,
        **{**known, **given},
    )


def trials():
    return (TrialPoint(1.0, 2.9, 1, False), TrialPoint(0.5, 2.31, 2, True))


def line(position=20):
    multiples = np.linspace(0, 4, 25)
    quadratic = 2.3 - 0.0117 * multiples + 0.003 * multiples**2
    losses = quadratic + 0.0005 * multiples**3
    return LineResult(
        position, 0.1, multiples, losses, quadratic, 6, int(losses.argmin()), 2.3, -0.0117, 0.006
    )


def layers(position=20, distinct=1, **given):
    histogram = Histogram(np.arange(32), np.linspace(-0.6, 2.66, 33), 0)
    known = {
        "silent": np.array([3, 7, 8, 9, 40]),
        "dead": None,
        "constant": np.zeros(0, np.int64),
        "saturated": None,
        "saturated_share": None,
        "rank": None,
        "singular_values": None,
        "different_weights": None,
        "silent_since": np.array([0, 12, 12, 12, 20]),
        "watched_from": 0,
    }
    report = LayerReport(
        name="layer1",
        activation="relu",
        units=64,
        pre_activations=histogram,
        gradients=histogram,
        mean_abs_gradient=9.4e-5,
        distinct_incoming=distinct,
        distinct_outgoing=distinct,
        distinct=distinct,
        distinct_gradients=distinct,
        twins=(tuple(range(64)),) if distinct < 64 else (),
        notes=(),
        **{**known, **given},
    )
    return LayersResult(position, 5000, False, (report,))


def curvature(position=20, measured=2.25, **given):
    threshold = given.pop("threshold", 20.0)
    ratio = None if threshold is None else measured / threshold
    return CurvatureResult(
        position=position,
        samples=given.pop("samples", 1500),
        sharpness=measured,
        smallest=-0.115,
        largest=np.array([measured, 1.9, 1.7]),
        resolution=0.002,
        threshold=threshold,
        threshold_formula="2/η",
        measure="λmax(H)",
        measured=measured,
        ratio=ratio,
        method="lanczos",
        products=42,
        converged=True,
        words="stable: so far",
    )


def spectrum(position=200):
    return SpectrumResult(
        position=position,
        columns=101,
        singular_values=np.array([3.354e7, 5590.0, *[1e-6] * 99]),
        rank=2,
        eigenvalues=np.array([1.5e12, 4.166e4]),
        condition=3.6e7,
        naive_condition=1.35e22,
        words="rank 2, beyond that not resolvable: 99 of 101 directions are free",
        loss=26.58,
        unreachable=0.0,
        shares=np.array([1e-24, 26.58]),
        factors=np.array([-0.5, 1 - 4.166e-8]),
        steps_left=np.array([4.0, 5.527e7]),
        states=("solved", "frozen"),
        directions=np.zeros((2, 101)),
        collapsed_weight=np.zeros((1, 100)),
        collapsed_bias=np.zeros(1),
        collapse_difference=0.0,
    )


def surface(position=20):
    x, y = np.linspace(-1, 1, 25), np.linspace(-2, 2, 25)
    losses = x[None, :] ** 2 + y[:, None] ** 2
    path = np.array([[-0.9, -1.8], [-0.4, -0.6], [0.0, 0.0]])
    return SurfaceResult(
        position, x, y, losses, 0.0, np.zeros((2, 4)), np.array([2.0, 1.0]), path, np.array([0.1, 0.2, 0.0])
    )


def picture(number):
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return ((rows - 14) ** 2 + (columns - 14) ** 2 < 20 + 10 * (number % 9)).astype(np.float32).ravel()


def probabilities(top):
    values = np.full(10, 0.08, np.float32)
    values[top] = 0.28
    return values


def labelled(chosen=(45, 46), position=20, **given):
    rows = [
        SampleRow(number, picture(number), probabilities(7), 9, 2.126, None, 7, False)
        for number in (*chosen, 1, 2)
    ]
    known = {"losses": np.full(1500, 2.2), "predictions": None, "targets": None, "image_shape": (SIDE, SIDE)}
    return SamplesResult(
        position=position,
        part="training",
        kind="labels",
        samples=1500,
        mistakes=1190,
        probabilities=True,
        chosen=tuple(rows[: len(chosen)]),
        worst=tuple(rows[len(chosen) :]),
        **{**known, **given},
    )


def flips(position=20):
    wrong = Flip(45, 9, 9, 7, probabilities(9), probabilities(7))
    right = Flip(46, 9, 7, 9, probabilities(7), probabilities(9))
    return FlipsResult(position, 1188, 1190, 3, 5, 40, (right,), (wrong,))


def copied(position=20, bad=False):
    output = picture(3) * 0.5
    if bad:
        output[5], output[6] = math.nan, math.inf
    row = SampleRow(13650, picture(5), output, picture(5), 4630.0, 255.0, None, False)
    return SamplesResult(
        position,
        "training",
        "identity",
        1500,
        1500,
        False,
        (),
        (row,),
        np.ones(1500),
        None,
        None,
        (SIDE, SIDE),
    )


def ramp(position=20, bad=False):
    targets = np.arange(100.0)
    predictions = targets * 0.9 + 3
    if bad:
        predictions[:] = math.inf
    rows = tuple(
        SampleRow(n, np.zeros(100), predictions[n : n + 1], targets[n : n + 1], 40.0 + n, 2.0, None, False)
        for n in (99, 98)
    )
    return SamplesResult(
        position, "training", "index", 100, 60, False, (), rows, np.ones(100), predictions, targets, None
    )


def function(position=20, exact=True, **given):
    on_data, on_interval = np.full(784, 10.0), np.full(784, 20.0)
    on_data[188], on_interval[575] = 303.4, 3314.0
    known = {
        "map_singular_values": None,
        "map_resolution": None,
        "span_distance": None,
        "span_distance_rms": None,
        "free_distance_rms": None,
    }
    return FunctionResult(
        position=position,
        low=0.0,
        high=255.0,
        on_data=on_data,
        on_interval=on_interval,
        exact=exact,
        worst_unit=575,
        worst_input=np.zeros(784),
        dead=np.array([6, 47, 95]),
        constant=np.array([6, 47, 95]),
        width=784,
        rank=712,
        free=72,
        data_singular_values=np.ones(784),
        words="the largest error is 303.4 on the data and 3314 on [0, 255]",
        **{**known, **given},
    )


def linear_function(position=20, greatest=2.0):
    """Of linear layers: a map whose last 72 singular values are rounding."""
    values = np.concatenate([np.geomspace(greatest, 0.01, 712), np.geomspace(1e-17, 1e-274, 72)])
    return function(
        position,
        map_singular_values=values,
        map_resolution=3.4e-5,
        span_distance=0.98,
        span_distance_rms=0.2,
        free_distance_rms=1.0,
    )
