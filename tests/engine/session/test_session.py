"""What a session promises: positions, records, reset, changes, divergence, and that looking is harmless."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from runs import DIGITS, RAMP, bits, flat_parameters, preset

from gradstep.engine import ConfigError, Session, UserError, load_preset
from gradstep.engine.records.missing import is_missing
from gradstep.engine.records.record import FIELDS

MINIBATCH = {
    "data": DIGITS,
    "layers": (6, 10),
    "activation": "tanh",
    "loss": "cross_entropy",
    "rule": "adam",
    "learning_rate": 1e-3,
    "batch": 7,  # 30 samples: batches of 7, 7, 7, 7, 2
}
FULL = {"layers": (3, 1), "rule": "momentum", "learning_rate": 0.01}
SETTINGS = pytest.mark.parametrize("settings", [MINIBATCH, FULL], ids=["minibatch", "full"])


def session(settings, **train):
    return Session(preset(**{**settings, **train}))


def same_record(one, other):
    keep = [name for name in FIELDS if name != "seconds"]
    return [one[name] for name in keep] == [other[name] for name in keep]


# --- steps and bursts -------------------------------------------------------------------------------


@SETTINGS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_are_a_burst_record_for_record(settings, dtype):
    stepped, burst = session(settings, dtype=dtype), session(settings, dtype=dtype)
    arrived = [stepped.step() for _ in range(37)]
    last = burst.burst(37)
    assert np.array_equal(bits(stepped.history), bits(burst.history))
    assert stepped.trainer.state_hash() == burst.trainer.state_hash()
    assert stepped.position == burst.position == last.step == 37
    for position, record in enumerate(arrived, 1):
        assert record.step == position
        assert record == stepped.history.record(position)
        assert same_record(record, burst.history.record(position))


@SETTINGS
def test_bursts_of_any_lengths_are_the_same_burst(settings):
    one, many = session(settings), session(settings)
    one.burst(20)
    for count in (1, 0, 7, 10, 2):
        many.burst(count)
    assert np.array_equal(bits(one.history), bits(many.history))


def test_a_burst_of_none_stays():
    run = session(FULL)
    assert run.burst(0) == run.record
    assert run.position == 0


def test_less_than_no_steps_are_refused():
    run = session(FULL)
    run.burst(3)
    for move in (run.burst, run.back, lambda count: run.run_until("loss < 0", limit=count)):
        with pytest.raises(UserError, match="given -2; allowed: 0 or more steps"):
            move(-2)
    assert run.position == 3


# --- determinism ------------------------------------------------------------------------------------


@SETTINGS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_config_gives_the_same_bits(settings, dtype):
    runs = [session(settings, dtype=dtype) for _ in range(2)]
    # a burst of another run in between, with other threads, and a disturbed global generator
    runs[0].burst(10)
    session(settings, threads=2, seed=9).burst(5)
    torch.manual_seed(1)
    np.random.seed(1)
    runs[0].burst(10)
    runs[1].burst(20)
    assert np.array_equal(bits(runs[0].history), bits(runs[1].history))
    assert runs[0].trainer.state_hash() == runs[1].trainer.state_hash()


PROCESS = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from runs import bits
from gradstep.engine import Session
from gradstep.engine.config.files import parse_preset
run = Session(parse_preset(sys.stdin.read(), name="p", source="stdin"))
run.burst(30)
print(run.trainer.state_hash(), hashlib.sha256(bits(run.history)).hexdigest())
"""


def test_the_same_config_gives_the_same_bits_in_another_process():
    from pathlib import Path

    from gradstep.engine.config.files import to_toml

    run = session(MINIBATCH, dtype="float32", threads=2)
    text = to_toml(run.preset)
    other = subprocess.run(
        [sys.executable, "-c", PROCESS, str(Path(__file__).parents[1])],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    run.burst(30)
    assert other.stdout.split() == [run.trainer.state_hash(), hashlib.sha256(bits(run.history)).hexdigest()]


def test_another_seed_is_another_run():
    one, other = session(MINIBATCH, seed=1), session(MINIBATCH, seed=2)
    assert one.record.loss != other.record.loss
    assert one.trainer.state_hash() != other.trainer.state_hash()


def test_the_resolved_config_is_written_out():
    """DESIGN.md: `threads` is resolved when a run starts and written out; so is the device."""
    run = session(FULL, threads="auto", device="auto")
    assert isinstance(run.preset.train.threads, int)
    assert run.preset.train.device in ("cpu", "cuda", "mps")


def test_session_uses_its_threads_after_others_set_theirs():
    one = session(FULL, threads=1)
    session(FULL, threads=2)
    assert torch.get_num_threads() == 2
    one.step()
    assert torch.get_num_threads() == 1


# --- reset ------------------------------------------------------------------------------------------


@SETTINGS
def test_reset_is_the_beginning_again(settings):
    run = session(settings)
    start, first = run.trainer.state_hash(), run.record
    run.burst(12)
    before, end = bits(run.history), run.trainer.state_hash()
    record = run.reset()
    assert run.position == record.step == 0
    assert record == first
    assert run.trainer.state_hash() == start
    run.burst(12)
    assert np.array_equal(bits(run.history), before)
    assert run.trainer.state_hash() == end


def test_reset_to_another_seed_is_that_seeds_run():
    run, other = session(MINIBATCH), session(MINIBATCH, seed=5)
    start = flat_parameters(run)
    run.burst(3)
    run.reset(seed=5)
    assert run.preset.train.seed == 5
    assert not np.array_equal(flat_parameters(run), start)
    run.burst(11)
    other.burst(11)
    assert np.array_equal(bits(run.history), bits(other.history))


def test_reset_to_a_bad_seed_changes_nothing():
    run = session(FULL)
    run.burst(3)
    before = bits(run.history)
    with pytest.raises(ConfigError, match=r"train\.seed"):
        run.reset(seed=-1)
    assert run.position == 3
    assert np.array_equal(bits(run.history), before)


# --- records ----------------------------------------------------------------------------------------


def test_position_zero():
    run = session(FULL)
    record = run.record
    assert (record.step, record.epoch, run.position) == (0, 0, 0)
    assert record.update_norm is None
    assert record.epoch_loss is None
    assert record.val_loss is None
    assert record.learning_rate == 0.01
    assert record.grad_norm > 0


def test_epoch_is_step_by_batches():
    run = session(MINIBATCH)
    run.burst(16)
    assert run.history["epoch"].tolist() == [k // 5 for k in range(17)]
    assert [record.epoch for record in run.history.records()] == [k // 5 for k in range(17)]
    assert session(FULL).burst(3).epoch == 3  # a whole set a step


@pytest.mark.parametrize("shuffle", [True, False], ids=["shuffled", "in-order"])
def test_epoch_loss_is_the_sample_weighted_mean_of_the_epochs_losses(shuffle):
    run = session(MINIBATCH, shuffle=shuffle)
    run.burst(16)
    loss, epoch_loss = run.history["loss"], run.history["epoch_loss"]
    for position in range(17):
        if position in (5, 10, 15):
            before = loss[position - 5 : position]
            expected = (7 * before[:4].sum() + 2 * before[4]) / 30
            assert epoch_loss[position] == pytest.approx(expected, rel=1e-14)
        else:
            assert run.history.record(position).epoch_loss is None
            assert np.isnan(epoch_loss[position])


def test_epoch_loss_with_one_batch_an_epoch_is_the_loss_before():
    run = session(FULL)
    run.burst(4)
    assert run.history["epoch_loss"][1:].tolist() == run.history["loss"][:4].tolist()


def validated(run):
    return np.flatnonzero(~is_missing(run.history.column("val_loss"))).tolist()


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ({}, [5, 10, 15, 20]),  # B = 5 batches an epoch
        ({"batch": 30}, [10, 20]),  # B = 1: every ten
        ({"batch": "all"}, [10, 20]),
        ({"validate_every": 1}, list(range(1, 23))),
        ({"validate_every": 8}, [8, 16]),
        ({"validate_every": 100}, []),
    ],
    ids=str,
)
def test_positions_with_a_validation(train, expected):
    """DESIGN.md: `train.validate_every` counts positions; its default is B, or 10 where B is 1."""
    run = session(MINIBATCH, **train)
    run.burst(22)
    assert validated(run) == expected


def test_validation_is_of_the_whole_set_with_the_weights_of_its_position():
    """Against torch: cross-entropy and argmax over all validation images, in one piece."""
    data = {**DIGITS, "validation": 297}
    run = session(MINIBATCH, data=data)
    record = run.burst(5)
    layers = run.parameters()
    hidden = np.tanh(run.dataset.val_inputs @ layers["layer1.weight"].T + layers["layer1.bias"])
    outputs = torch.from_numpy(np.tanh(hidden @ layers["layer2.weight"].T + layers["layer2.bias"]))
    labels = torch.from_numpy(run.dataset.val_targets)
    assert len(labels) == 297
    assert record.val_loss == pytest.approx(
        torch.nn.functional.cross_entropy(outputs, labels).item(), rel=1e-12
    )
    assert record.val_accuracy == pytest.approx((outputs.argmax(1) == labels).double().mean().item())
    assert record.val_mape is None


def test_validation_in_several_pieces_is_weighted_by_their_sizes():
    run = session(MINIBATCH)
    run.burst(5)
    pieces = run.trainer.validate(chunk=5)  # 12 images: 5, 5, 2
    assert pieces.loss == pytest.approx(run.record.val_loss, rel=1e-13)
    assert pieces.accuracy == pytest.approx(run.record.val_accuracy, rel=1e-13)


def test_validation_of_an_identity_has_a_mape():
    data = {**DIGITS, "target": "input", "samples": 10, "validation": 7}
    run = Session(preset(data, (3, 784), rule="adam", batch=5))
    record = run.burst(2)
    layers = run.parameters()
    hidden = run.dataset.val_inputs @ layers["layer1.weight"].T + layers["layer1.bias"]
    outputs = hidden @ layers["layer2.weight"].T + layers["layer2.bias"]
    errors = np.abs(outputs - run.dataset.val_inputs)
    assert record.val_loss == pytest.approx(np.mean(errors**2), rel=1e-12)
    expected = 100 * np.mean(errors / np.maximum(np.abs(run.dataset.val_inputs), 1e-7))
    assert record.val_mape == pytest.approx(expected, rel=1e-12)
    assert record.val_accuracy == pytest.approx(np.mean(errors <= 0.5 / 255))


@pytest.mark.parametrize(
    "settings", [FULL, {**MINIBATCH, "data": {**DIGITS, "validation": 0}}], ids=["ramp", "none"]
)
def test_without_a_validation_set_its_fields_are_null(settings):
    run = session(settings, validate_every=1)
    for record in [run.step() for _ in range(6)]:
        assert (record.val_loss, record.val_accuracy, record.val_mape) == (None, None, None)


def test_labels_have_no_mape_and_regression_has():
    record = session(MINIBATCH).record
    assert record.mape is None
    assert record.max_error is None
    assert isinstance(record.mistakes, int)
    record = session(FULL).record
    assert record.mape > 0
    assert record.max_error > 0


def test_update_norm_is_of_the_update_that_led_here():
    run = session(MINIBATCH)
    for _ in range(6):
        before = flat_parameters(run)
        record = run.step()
        assert record.update_norm == pytest.approx(np.linalg.norm(flat_parameters(run) - before), rel=1e-10)
        assert record.param_norm == pytest.approx(np.linalg.norm(flat_parameters(run)), rel=1e-12)


def test_the_record_is_the_evaluation_before_the_update():
    """DESIGN.md: for full-batch descent record k is exactly L(θ_k), and θ_k+1 = θ_k − η∇L(θ_k)."""
    run = session(FULL, rule="gradient_descent", learning_rate=0.03)
    losses = []
    for _ in range(5):
        layers = run.parameters()
        hidden = run.dataset.train_inputs @ layers["layer1.weight"].T + layers["layer1.bias"]
        outputs = hidden @ layers["layer2.weight"].T + layers["layer2.bias"]
        losses.append(np.mean((outputs - run.dataset.train_targets) ** 2))
        grad_norm = run.record.grad_norm
        assert run.step().update_norm == pytest.approx(0.03 * grad_norm, rel=1e-12)
    np.testing.assert_allclose(run.history["loss"][:5], losses, rtol=1e-12)


def test_seconds_never_go_back():
    run = session(FULL)
    run.burst(20)
    seconds = run.history["seconds"]
    assert seconds[0] >= 0
    assert (np.diff(seconds) > 0).all()


def test_planned_steps():
    assert Session(load_preset("linear-1-layer", ["run.steps=7"])).planned_steps == 7
    run = Session(preset(**MINIBATCH))
    assert run.planned_steps is None
    five_an_epoch = run.preset.model_copy(update={"run": run.preset.run.model_copy(update={"epochs": 3})})
    assert Session(five_an_epoch).planned_steps == 15


# --- changes ----------------------------------------------------------------------------------------


def test_a_change_applies_to_the_next_update():
    """`learning_rate` is that of the next update, so the present record changes too, and no other."""
    run = session(FULL, rule="gradient_descent", learning_rate=0.01)
    run.burst(3)
    losses, grad_norm = run.history["loss"], run.record.grad_norm
    run.change({"train.rule.learning_rate": 0.002})
    assert run.history["learning_rate"].tolist() == [0.01, 0.01, 0.01, 0.002]
    assert run.position == 3
    record = run.step()
    assert record.update_norm == pytest.approx(0.002 * grad_norm, rel=1e-12)
    assert record.learning_rate == run.preset.train.rule.learning_rate == 0.002
    assert run.history["loss"][:4].tolist() == losses.tolist()


def test_a_change_keeps_the_rules_memory():
    """η of heavy ball is halved: z goes on, and θ ← θ − (η/2)z (Goh's form: the velocity has no η in it)."""
    run, other = session(FULL), session(FULL)
    run.burst(5)
    other.burst(5)
    run.change({"train.rule.learning_rate": 0.005})
    assert run.step().update_norm == pytest.approx(other.step().update_norm / 2, rel=1e-12)


def test_a_change_of_clipping():
    run = session(FULL, rule="gradient_descent", learning_rate=0.01)
    run.burst(2)
    norm = run.record.grad_norm
    run.change({"train.clip_norm": norm / 4})
    assert run.step().update_norm == pytest.approx(0.01 * norm / 4, rel=1e-12)
    run.change({"train.clip_norm": None})
    norm = run.record.grad_norm
    assert run.step().update_norm == pytest.approx(0.01 * norm, rel=1e-12)


def test_a_change_to_adam_starts_with_fresh_memory():
    """Adam's first update is η·g/(|g| + ε) (Kingma and Ba: m̂ = g and v̂ = g² at t = 1), so each of the n
    parameters moves by η: ‖d‖ = η√n. Memory taken over from RMSprop would make it another length."""
    for before in ("rmsprop_keras2", "rmsprop_torch", "momentum"):
        run = session(FULL, rule=before, learning_rate=1e-3)
        run.burst(5)
        preset_now = run.change({"train.rule.name": "adam"})
        assert preset_now.train.rule.name == "adam"
        assert preset_now.train.rule.learning_rate == 1e-3
        count = flat_parameters(run).size
        assert run.step().update_norm == pytest.approx(1e-3 * count**0.5, rel=1e-4), before


def test_a_change_to_another_rule_and_back_starts_afresh():
    """With a step between, so that the memory is given up. Momentum's first update is ηg."""
    run = session(FULL)
    run.burst(5)
    run.change({"train.rule.name": "gradient_descent"})
    run.step()
    run.change({"train.rule.name": "momentum"})
    norm = run.record.grad_norm
    assert run.step().update_norm == pytest.approx(0.01 * norm, rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"train.seed": 3}, "train.seed"),
        ({"train.batch": 5}, "needs a new run"),
        ({"network.layers.0.units": 5}, "needs a new run"),
        ({"train.rule.learning_rate": -1.0}, "greater than 0"),
        ({"train.rule.learning_rate": "fast"}, "fast"),
        ({"train.rule.momentun": 0.5}, "did you mean 'momentum'"),
        ({"train.rule.name": "adamm"}, "did you mean 'adam'"),
        ({"train.rule.learning_rate": 0.5, "train.seed": 3}, "train.seed"),
        ({"train.rule.learning_rate": 0.5, "train.clip_norm": 0}, "train.clip_norm"),
    ],
    ids=str,
)
def test_a_refused_change_changes_nothing(changes, text):
    run, other = session(FULL), session(FULL)
    run.burst(3)
    before, config = bits(run.history), run.preset
    with pytest.raises(UserError, match=text.replace(".", r"\.")):
        run.change(changes)
    assert np.array_equal(bits(run.history), before)
    assert run.preset == config
    run.burst(3)
    other.burst(6)
    assert np.array_equal(bits(run.history), bits(other.history))


def test_resetting_replays_what_was_changed_where_it_was_changed():
    run = session(FULL)
    run.burst(2)
    run.change({"train.rule.learning_rate": 0.002})
    run.burst(3)
    before = bits(run.history)
    assert run.reset().learning_rate == 0.01
    assert run.burst(5).learning_rate == 0.002
    assert np.array_equal(bits(run.history), before)
    assert run.history["learning_rate"].tolist() == [0.01, 0.01, 0.002, 0.002, 0.002, 0.002]


def test_another_seed_keeps_what_was_changed():
    run = session(FULL)
    run.burst(2)
    run.change({"train.rule.learning_rate": 0.002})
    assert run.reset(seed=8).learning_rate == 0.002


# --- divergence -------------------------------------------------------------------------------------


def diverging():
    # 2/λ is far below 1 on raw values up to 143
    return preset({"name": "ramp", "samples": 24, "length": 6}, (1,), learning_rate=1.0)


def test_a_loss_that_is_not_finite_is_a_record_and_ends_a_burst():
    run = Session(diverging())
    assert run.diverged is None
    record = run.burst(10_000)
    assert record.step == run.position < 200
    assert not np.isfinite(record.loss)
    assert len(run.history) == run.position + 1
    assert np.isfinite(run.history["loss"][:-1]).all()
    assert str(run.position) in run.diverged
    # it is a value, not a null
    assert record.loss is not None
    assert record.as_json()["loss"] in ("Infinity", "NaN")


def test_steps_beyond_divergence_are_possible_and_bursts_stop_at_once():
    run = Session(diverging())
    at = run.burst(10_000).step
    assert run.step().step == at + 1
    assert run.burst(50).step == at + 2
    assert run.reset().step == 0
    assert run.diverged is None


def test_a_run_of_nan_all_through_is_recorded():
    run = Session(diverging())
    run.burst(10_000)
    while not np.isnan(run.record.loss):
        assert run.position < 1000
        run.step()
    record = run.step()
    assert np.isnan(record.grad_norm)
    assert np.isnan(record.param_norm)
    assert record.mistakes == 24  # no output is within half of its target
    assert record.accuracy == 0.0


# --- parameters -------------------------------------------------------------------------------------


def test_parameters_by_name_and_shape():
    run = session(MINIBATCH)
    shapes = {name: part.shape for name, part in run.parameters().items()}
    assert list(shapes.items()) == [
        ("layer1.weight", (6, 784)),
        ("layer1.bias", (6,)),
        ("layer2.weight", (10, 6)),
        ("layer2.bias", (10,)),
    ]
    assert {part.dtype for part in run.parameters().values()} == {np.dtype("float64")}
    assert list(session(FULL, bias=False).parameters()) == ["layer1.weight", "layer2.weight"]
    assert session(FULL, dtype="float32").parameters()["layer1.weight"].dtype == np.float32


@SETTINGS
def test_parameters_are_copies(settings):
    run, other = session(settings), session(settings)
    kept = run.parameters()
    values = {name: part.copy() for name, part in kept.items()}
    run.burst(3)
    for name, part in kept.items():
        np.testing.assert_array_equal(part, values[name])
    for part in run.parameters().values():
        part[:] = 7
    run.burst(3)
    other.burst(6)
    assert np.array_equal(bits(run.history), bits(other.history))


def test_the_data_is_not_touched():
    for settings in (FULL, MINIBATCH, {"data": {**RAMP, "target": "input"}, "layers": (6,)}):
        run = session(settings)
        before = Session(preset(**settings)).dataset.fingerprint
        run.burst(12)
        run.dataset.__dict__.pop("fingerprint", None)
        assert run.dataset.fingerprint == before


# --- looking never disturbs -------------------------------------------------------------------------


@SETTINGS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_looking_does_not_disturb(settings, dtype):
    run, other = session(settings, dtype=dtype), session(settings, dtype=dtype)
    for _ in range(12):
        run.step()
        run.parameters()
        run.trainer.validate()
        run.trainer.snapshot()
        run.trainer.state_hash()
        run.history["loss"][:] = 0
        run.history.rows()[:] = 0
        run.trainer.batch(run.position + 13)
        run.trainer.batch(0)
    other.burst(12)
    assert np.array_equal(bits(run.history), bits(other.history))
    assert run.trainer.state_hash() == other.trainer.state_hash()


RULES = [
    "gradient_descent",
    "momentum",
    "nesterov",
    "rmsprop_keras2",
    "rmsprop_keras3",
    "rmsprop_torch",
    "adam",
]


def stepped(trainer):
    """What is known of the next position, NaN by its name, and its hash."""
    trainer.step()
    return repr(trainer.evaluate()), trainer.state_hash()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_restoring_a_snapshot_gives_the_same_future(rule, dtype):
    run = session(MINIBATCH, rule=rule, dtype=dtype)
    run.burst(8)
    state, at = run.trainer.snapshot(), run.trainer.state_hash()
    evaluation = run.trainer.evaluate()
    future = [stepped(run.trainer) for _ in range(9)]
    for _ in range(2):  # a snapshot can be used again: stepping on must not write into it
        run.trainer.restore(state)
        assert run.position == 8
        assert run.trainer.state_hash() == at
        assert repr(run.trainer.evaluate()) == repr(evaluation)
        assert [stepped(run.trainer) for _ in range(9)] == future


def test_a_snapshot_can_be_restored_in_another_trainer():
    one, other = session(MINIBATCH), session(MINIBATCH)
    one.burst(9)  # position 9 has the batch of 2, the smallest: the other's buffers are larger
    other.trainer.restore(one.trainer.snapshot())
    for _ in range(8):
        assert stepped(one.trainer) == stepped(other.trainer)
    assert one.trainer.state_hash() == other.trainer.state_hash()


def test_the_hash_tells_states_apart():
    run = session(FULL)
    run.burst(4)
    trainer = run.trainer
    start = trainer.state_hash()
    state = trainer.snapshot()
    with torch.no_grad():
        trainer.model.vector[0] = torch.nextafter(trainer.model.vector[0], torch.tensor(9.0).double())
    assert trainer.state_hash() != start
    trainer.restore(state)
    assert trainer.state_hash() == start
    trainer.slots["velocity"][-1] += 1e-9
    assert trainer.state_hash() != start
    trainer.restore(state)
    trainer.position += 1
    assert trainer.state_hash() != start


def test_bad_data_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="1,500 training"):
        Session(preset({"name": "digits", "samples": 5000}, (10,), loss="cross_entropy"))
    (tmp_path / "mnist.npz").write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"mnist\.npz"):
        Session(preset({"name": "mnist"}, (10,), loss="cross_entropy"), data_dir=tmp_path)


def test_missing_device_is_a_user_error():
    missing = next(
        (
            name
            for name, there in (
                ("mps", torch.backends.mps.is_available()),
                ("cuda", torch.cuda.is_available()),
            )
            if not there
        ),
        None,
    )
    if missing is None:
        pytest.skip("this machine has every device")
    with pytest.raises(UserError, match=rf"train\.device.*{missing}.*cpu"):
        session(FULL, device=missing, dtype="float32")


def test_progress_is_told():
    said = []
    Session(preset(**MINIBATCH), progress=said.append)
    assert said
    assert all(isinstance(text, str) and text for text in said)
