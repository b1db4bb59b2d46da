"""The engine's steps against training written out in NumPy (numpy_reference.py), float64, 100 steps.

Every expected number is from `numpy_reference`, which says where each formula is from, or from torch's own
optimizers and initialisers; never from the engine. The reference starts from the engine's initial parameters,
which have tests of their own below.
"""

import itertools

import numpy as np
import numpy_reference as reference
import pytest
import torch
from reference_runs import LABEL_LOSSES, RAMP_LOSSES, reference_run
from runs import DIGITS, RAMP, flat_parameters, preset

from gradstep.engine import Session

STEPS = 100
RELATIVE = 1e-10

# learning rates at which each rule moves well on these problems and does not diverge; Adam's and RMSprop's
# steps have the learning rate's length whatever the gradient, so theirs are small
RATES = {
    "gradient_descent": 0.05,
    "momentum": 0.01,
    "nesterov": 0.01,
    "rmsprop_keras2": 1e-3,
    "rmsprop_keras3": 1e-3,
    "rmsprop_torch": 1e-3,
    "adam": 1e-3,
}
CASES = [(RAMP, loss) for loss in RAMP_LOSSES] + [(DIGITS, loss) for loss in LABEL_LOSSES]
INITIALISERS = [
    "torch",
    "glorot_uniform",
    "he_uniform",
    {"name": "normal", "mean": 0.01, "std": 0.1},
    {"name": "constant", "value": 0.03},
    "identity",
]


def assert_same(session, expected, relative=RELATIVE):
    records, parameters = expected
    assert len(session.history) == len(records)
    for name in records[0]:
        values = [np.nan if record[name] is None else record[name] for record in records]
        if name == "mistakes":
            np.testing.assert_array_equal(session.history[name], values)
        else:
            np.testing.assert_allclose(
                session.history[name], values, rtol=relative, atol=0 if name != "accuracy" else 1e-15
            )
    difference = np.linalg.norm(flat_parameters(session) - parameters)
    assert difference <= relative * np.linalg.norm(parameters)


def assert_follows_reference(settings, steps=STEPS, clip_norm=None):
    session = Session(settings)
    expected = reference_run(session, steps, clip_norm)
    session.burst(steps)
    assert_same(session, expected)
    return session


@pytest.mark.parametrize("rule", RATES)
@pytest.mark.parametrize(("data", "loss"), CASES, ids=[f"{d['name']}-{loss}" for d, loss in CASES])
def test_every_rule_with_every_loss(rule, data, loss):
    outputs = 1 if data is RAMP else 10
    session = assert_follows_reference(
        preset(data, (7, outputs), "tanh", rule=rule, learning_rate=RATES[rule], loss=loss)
    )
    # a run that stands still would agree too easily
    assert session.history["loss"][-1] < 0.99 * session.history["loss"][0]


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_every_activation(activation, bias):
    assert_follows_reference(
        preset(
            DIGITS,
            (9, 8, {"units": 10}),
            activation,
            bias=bias,
            rule="momentum",
            learning_rate=0.005,
            loss="cross_entropy",
        )
    )


@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_every_activation_as_the_output(activation):
    data = {"name": "ramp", "samples": 20, "length": 5, "scale": "standard", "target": "input"}
    assert_follows_reference(preset(data, (6, 5), activation, learning_rate=0.05))


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("initialiser", INITIALISERS, ids=str)
def test_every_initialiser(initialiser, bias):
    data = {"name": "ramp", "samples": 20, "length": 5, "scale": "unit", "target": "input"}
    assert_follows_reference(
        preset(data, (7, 5), "sigmoid", initialiser, bias, rule="nesterov", learning_rate=0.05)
    )


@pytest.mark.parametrize("shuffle", [True, False], ids=["shuffled", "in-order"])
@pytest.mark.parametrize("size", [7, 10, 29, 30, 64])
def test_minibatches(size, shuffle):
    """30 samples: a partial last batch (7, 29), none (10, 30), and a batch larger than the data (64)."""
    assert_follows_reference(
        preset(
            DIGITS,
            (6, 10),
            "relu",
            loss="cross_entropy",
            rule="adam",
            learning_rate=1e-3,
            batch=size,
            shuffle=shuffle,
            seed=3,
        )
    )


@pytest.mark.parametrize("rule", RATES)
def test_clipping(rule):
    """By the global norm: a gradient longer than `clip_norm` is scaled to that length, others are kept."""
    clip = 1.0
    session = assert_follows_reference(
        preset(
            DIGITS,
            (6, 10),
            "tanh",
            loss="cross_entropy",
            rule=rule,
            learning_rate=2 * RATES[rule],
            batch=8,
            clip_norm=clip,
        ),
        clip_norm=clip,
    )
    norms = session.history["grad_norm"]
    assert norms.max() > clip  # the record has the norm before clipping …
    if rule == "gradient_descent":
        updates = session.history["update_norm"][1:]
        expected = 2 * RATES[rule] * np.minimum(norms[:-1], clip)  # … and the update the one after it
        np.testing.assert_allclose(updates, expected, rtol=RELATIVE)
        assert norms.min() < clip


# --- a second reference: torch's own layers, losses, optimizers, autograd ---------------------------

OPTIMIZERS = {
    "gradient_descent": lambda p, rate: torch.optim.SGD(p, rate),
    "momentum": lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9),
    "nesterov": lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9, nesterov=True),
    "rmsprop_keras2": lambda p, rate: torch.optim.RMSprop(p, rate, alpha=0.9, eps=1e-7),
    "rmsprop_torch": lambda p, rate: torch.optim.RMSprop(p, rate),
    "adam": lambda p, rate: torch.optim.Adam(p, rate),
}


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_bare_torch_loop(rule):
    settings = preset(
        DIGITS,
        ({"units": 12, "activation": "leaky_relu"}, {"units": 10}),
        loss="cross_entropy",
        rule=rule,
        learning_rate=RATES[rule],
        batch=9,
        shuffle=False,
        clip_norm=2.0,
        seed=5,
    )
    session = Session(settings)
    session.burst(STEPS)

    torch.manual_seed(5)
    model = torch.nn.Sequential(torch.nn.Linear(784, 12), torch.nn.LeakyReLU(), torch.nn.Linear(12, 10))
    model.double()
    optimizer = OPTIMIZERS[rule](model.parameters(), RATES[rule])
    inputs = torch.from_numpy(session.dataset.train_inputs)
    labels = torch.from_numpy(session.dataset.train_targets)
    losses, norms = [], []
    for k in range(STEPS + 1):
        part = slice(k % 4 * 9, (k % 4 + 1) * 9)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs[part]), labels[part])
        loss.backward()
        losses.append(loss.item())
        # clip_grad_norm_ divides by norm + 1e-6, so the scaling is done by hand
        norms.append(torch.linalg.vector_norm(torch.cat([p.grad.ravel() for p in model.parameters()])).item())
        if k < STEPS:
            for parameter in model.parameters():
                parameter.grad.mul_(min(1.0, 2.0 / norms[-1]))
            optimizer.step()
    np.testing.assert_allclose(session.history["loss"], losses, rtol=RELATIVE)
    np.testing.assert_allclose(session.history["grad_norm"], norms, rtol=RELATIVE)
    expected = torch.cat([p.detach().ravel() for p in model.parameters()]).numpy()
    np.testing.assert_allclose(flat_parameters(session), expected, rtol=1e-8, atol=1e-12)


# --- initial parameters -----------------------------------------------------------------------------


def initial(initialiser, dtype="float64", bias=True, seed=4, layers=(7, 5)):
    data = {"name": "ramp", "samples": 4, "length": 5, "target": "input"}
    session = Session(preset(data, layers, "relu", initialiser, bias, seed=seed, dtype=dtype))
    return session.parameters()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
def test_torch_initialiser_is_nn_linear_bit_for_bit(bias, dtype):
    """DESIGN.md: the layers are built in order after torch.manual_seed(seed), in float32, then cast."""
    torch.manual_seed(4)
    expected = [torch.nn.Linear(5, 7, bias=bias), torch.nn.Linear(7, 5, bias=bias)]
    parts = [part.detach().numpy().astype(dtype) for layer in expected for part in layer.parameters()]
    found = initial("torch", dtype, bias)
    assert len(found) == len(parts)
    for (name, part), expected_part in zip(found.items(), parts, strict=True):
        assert part.dtype == dtype, name
        np.testing.assert_array_equal(part, expected_part, err_msg=name)


@pytest.mark.parametrize(
    ("initialiser", "fill"),
    [
        ("glorot_uniform", torch.nn.init.xavier_uniform_),
        ("he_uniform", lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu")),
        ({"name": "normal", "mean": 0.2, "std": 0.3}, lambda w: torch.nn.init.normal_(w, 0.2, 0.3)),
    ],
    ids=["glorot", "he", "normal"],
)
def test_other_initialisers_are_torchs_bit_for_bit(initialiser, fill):
    """Weights by torch.nn.init in order after torch.manual_seed(seed), in float32, then cast; biases 0."""
    torch.manual_seed(4)
    expected = [fill(torch.empty(7, 5)).double().numpy(), fill(torch.empty(5, 7)).double().numpy()]
    found = initial(initialiser)
    np.testing.assert_array_equal(found["layer1.weight"], expected[0])
    np.testing.assert_array_equal(found["layer2.weight"], expected[1])
    assert not found["layer1.bias"].any()
    assert not found["layer2.bias"].any()


@pytest.mark.parametrize(
    ("initialiser", "bound"),
    [
        ("torch", lambda i, o: i**-0.5),  # torch.nn.Linear: U(±1/√fan_in)
        ("glorot_uniform", lambda i, o: (6 / (i + o)) ** 0.5),  # Keras `initializers`: U(±√(6/(in+out)))
        ("he_uniform", lambda i, o: (6 / i) ** 0.5),  # He et al. 2015: U(±√(6/fan_in))
    ],
    ids=["torch", "glorot", "he"],
)
def test_uniform_initialisers_have_their_bounds_and_moments(initialiser, bound):
    found = initial(initialiser, layers=(400, {"units": 5}))
    for name, fan in (("layer1.weight", (5, 400)), ("layer2.weight", (400, 5))):
        weight, limit = found[name], bound(*fan)
        assert weight.shape == (fan[1], fan[0])
        assert 0.99 * limit < np.abs(weight).max() <= limit * (1 + 1e-6)
        # U(±a) has mean 0 and variance a²/3; 2,000 draws: the mean within 5 standard errors
        assert abs(weight.mean()) < 5 * limit / 3**0.5 / weight.size**0.5
        assert weight.var() == pytest.approx(limit**2 / 3, rel=0.1)


def test_constant_initialiser_fills_biases_too():
    """The exam's question is about *all* parameters being equal."""
    found = initial({"name": "constant", "value": 0.25})
    assert all((part == 0.25).all() for part in found.values())
    assert len(found) == 4


def test_identity_initialiser():
    found = initial("identity")
    np.testing.assert_array_equal(found["layer1.weight"], np.eye(7, 5))
    np.testing.assert_array_equal(found["layer2.weight"], np.eye(5, 7))
    assert not found["layer1.bias"].any()


@pytest.mark.parametrize("initialiser", ["torch", "glorot_uniform"])
def test_initialising_leaves_torchs_generator_alone(initialiser):
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    initial(initialiser)
    assert torch.equal(torch.random.get_rng_state(), before)


# --- the order of the samples -----------------------------------------------------------------------


def order(session, position):
    """The samples of a batch, known by their inputs: a ramp's first value is the sample's number × length."""
    inputs, targets = session.trainer.batch(position)
    np.testing.assert_array_equal(inputs[:, 0].numpy() / 3, targets[:, 0].numpy())
    return targets[:, 0].numpy().astype(int).tolist()


def shuffled(samples=23, batch=5, seed=0, **train):
    return Session(
        preset(
            {"name": "ramp", "samples": samples, "length": 3},
            seed=seed,
            batch=batch,
            learning_rate=1e-9,
            **train,
        )
    )


def test_every_epoch_uses_every_sample_once():
    session = shuffled()
    for epoch in range(4):
        batches = [order(session, epoch * 5 + k) for k in range(5)]
        assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
        assert sorted(itertools.chain(*batches)) == list(range(23))


def test_the_order_differs_by_epoch_and_by_seed_and_is_a_function_of_the_position():
    one, same, other = shuffled(seed=1), shuffled(seed=1), shuffled(seed=2)
    same.burst(11)
    epochs = {tuple(itertools.chain(*(order(one, e * 5 + k) for k in range(5)))) for e in range(6)}
    assert len(epochs) == 6
    positions = [17, 3, 0, 29, 4, 17]
    assert [order(one, k) for k in positions] == [order(same, k) for k in positions]
    assert [order(one, k) for k in positions] != [order(other, k) for k in positions]


def test_neighbouring_seeds_and_epochs_do_not_share_orders():
    """(seed, epoch) = (1, 2) and (2, 1) would be the same order, were the two merely added."""
    assert order(shuffled(seed=1), 10) != order(shuffled(seed=2), 5)


def test_without_shuffle_the_order_is_the_datas():
    session = shuffled(shuffle=False)
    batches = [order(session, k) for k in range(10)]
    assert list(itertools.chain(*batches)) == 2 * list(range(23))


def test_all_is_the_whole_set_in_order():
    session = shuffled(batch="all")
    assert order(session, 0) == order(session, 7) == list(range(23))


def test_one_sample_a_batch():
    session = shuffled(samples=5, batch=1)
    session.burst(10)
    assert sorted(order(session, k)[0] for k in range(5, 10)) == [0, 1, 2, 3, 4]
    assert session.history["epoch"].tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2]
