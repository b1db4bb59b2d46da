"""Explains a topic, such as conditions or rules; without one, lists the topics."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from rich.text import Text

from gradstep.engine.conditions.claims import QUANTIFIERS
from gradstep.engine.config.network import ACTIVATION_FORMULAS, Network
from gradstep.engine.config.run import LOSS_FORMULAS, RunConfig, Train
from gradstep.engine.config.schema import names_of, tables_in
from gradstep.engine.errors import UserError, did_you_mean
from gradstep.tui.commands.arguments import completes
from gradstep.tui.commands.exit_status import Exit
from gradstep.tui.commands.output import Console
from gradstep.tui.commands.parsers import COMMANDS, command_parser

Row = tuple[str, str]
"""A name, and what it is."""
LEAST_WIDTH = 60
SEARCHES = "searches its step length; no limit of stability"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    topic = parser.add_argument(
        "topic", nargs="?", metavar="TOPIC", help=f"{', '.join(TOPICS)}, or a command"
    )
    completes(topic, "topic")


def main(arguments: argparse.Namespace) -> int:
    if arguments.topic is None:
        _say("gradstep help TOPIC tells about:")
        _list((name, says) for name, (says, _) in TOPICS.items())
    elif arguments.topic in TOPICS:
        TOPICS[arguments.topic][1]()
    elif arguments.topic in COMMANDS:
        command_parser(arguments.topic).print_help()
    else:
        topics = f"there are {', '.join(TOPICS)}{did_you_mean(arguments.topic, [*TOPICS, *COMMANDS])}"
        raise UserError(f"help: no topic {arguments.topic!r}; {topics}")
    return Exit.DONE


# --- topics -----------------------------------------------------------------------------------------


def _conditions() -> None:
    from gradstep.engine.conditions import aggregates, language
    from gradstep.engine.conditions.breakpoints import READY

    _say(
        "A condition stops a run (u, U, breakpoints, --until) or judges it (a preset's claims). Where an "
        "operand has no value, it is not evaluated."
    )
    _list(language.SAYS.items(), "What can be written")
    _list(aggregates.SAYS.items(), "Over all steps of a run (--measure), or over seeds (claims)")
    _list(READY.items(), "Examples, ready in the explorer")
    _say(
        f"A claim of a preset has one of {', '.join(QUANTIFIERS)}: the first three are conditions. With at, "
        "`condition` holds at that step; with seeds, for each of them, or `over_seeds` for all together."
    )
    _say("`gradstep help fields` and `gradstep help quantities` list the names.")


def _fields() -> None:
    from gradstep.engine.records.record import FIELD_SAYS

    _say("A record has these numbers of a position, which is the state after so many updates.")
    _list(FIELD_SAYS.items())
    _say('As JSON: null where a field has no meaning, "NaN", "Infinity" and "-Infinity" as texts.')


def _quantities() -> None:

    from gradstep.engine.records.quantities import QUANTITIES

    _say(
        "A quantity is read from the network itself. It costs more than a step, so it is measured where it "
        "is asked for: at every step for u and breakpoints, every 10 steps for charts (m), and as a preset's "
        "[measure] table says. In a script: history[NAME]."
    )
    _list((quantity.form, quantity.says) for quantity in QUANTITIES.values())
    _say("Layers count from 1, samples from 0. Without [layer]: the largest of all layers.")


def _losses() -> None:
    _list(LOSS_FORMULAS.items(), 'train.loss = "NAME"')


def _rules() -> None:
    from gradstep.engine.training.rules.stability import FORMULAS

    _say("[train.rule] name. g: the batch's gradient, η: learning_rate, β: momentum, ρ: rho, ε: epsilon.")
    _tables(
        Train,
        "rule",
        lambda name: f"stable for λmax below {FORMULAS[name].format('η')}" if name in FORMULAS else SEARCHES,
    )
    _say("λmax: of the loss's Hessian H, or of P⁻¹H for rules that divide by a preconditioner P.")


def _initialisers() -> None:
    _say("[network.initialiser] name.")
    _tables(Network, "initialiser")


def _activations() -> None:
    _list(ACTIVATION_FORMULAS.items(), 'network.layers = [{ units = 10, activation = "NAME" }]')


def _sweep() -> None:
    from gradstep.engine.conditions import aggregates
    from gradstep.engine.config.files import load_preset, preset_names
    from gradstep.engine.config.sweep import FORMS_SAY

    _say("A sweep does a run for each value of a setting, as many at once as there are processors.")
    _code("gradstep sweep linear-1-layer --over train.seed=0:20")
    _list(FORMS_SAY.items(), "Values of --over KEY=VALUES; again: all combinations")
    _list(aggregates.SAYS.items(), "Numbers of a run for --measure")
    sweeps = (load_preset(name) for name in preset_names())
    _list(((each.name, each.question) for each in sweeps if each.sweep), "Presets that have a sweep")
    _say(
        "Ctrl+C keeps finished runs; the same command resumes the sweep. On a cluster, the runs go to the "
        "workers of a Dask scheduler: install gradstep[cluster] on each machine, and the data."
    )
    _code("dask scheduler                                             # prints its address")
    _code("dask worker tcp://HOST:8786 --nworkers auto --nthreads 1   # on every machine")
    _code("gradstep sweep linear-gap --cluster tcp://HOST:8786")


def _exit_status() -> None:
    _list((str(status.value), status.says) for status in Exit)


def _keys() -> None:
    from gradstep.tui.actions import keys_table
    from gradstep.tui.screens.help import POSITION

    _say(POSITION)
    for heading, keys in keys_table():
        _list(keys, heading)


def _data() -> None:
    from gradstep.engine.data import mnist

    _say("[data] name.")
    _tables(RunConfig, "data")
    folders = " or ".join(map(str, mnist.folders()))
    _say(f"MNIST is looked for in {folders} (--data-dir, $GRADSTEP_DATA, the cache): {mnist.LAYOUTS}.")
    _code("gradstep data               # the MNIST that presets use")
    _code("gradstep data fetch mnist   # download it, 12 MB")


TOPICS: dict[str, tuple[str, Callable[[], None]]] = {
    "conditions": ("the language of u, breakpoints, --until and claims", _conditions),
    "fields": ("the numbers of a record", _fields),
    "quantities": ("numbers read from the network, such as sharpness or dead[2]", _quantities),
    "losses": ("every loss's formula", _losses),
    "rules": ("every rule's formula, options and limit of stability", _rules),
    "initialisers": ("the parameters at position 0", _initialisers),
    "activations": ("every activation's formula", _activations),
    "sweep": ("many runs at once, here or on a cluster", _sweep),
    "exit-status": ("the exit status of a command", _exit_status),
    "keys": ("all keys of the explorer", _keys),
    "data": ("the data sets, and where MNIST may lie", _data),
}
"""By name: a line for the list, and what prints it."""


# --- printing ---------------------------------------------------------------------------------------


def _say(text: str) -> None:
    _print(*textwrap.wrap(text, _width()))


def _code(line: str) -> None:
    _print(f"    {line}")


def _list(rows: Iterable[Row], heading: str = "") -> None:
    """Print a heading, and names beside what they are, below one another."""
    rows = list(rows)
    if heading:
        _print("", Text(heading, "bold"))
    room = max(len(name) for name, _ in rows)
    for name, says in rows:
        first, *more = textwrap.wrap(says, _width() - room - 4) or [""]
        _print(Text.assemble(f"{'':2}", (f"{name:{room}}", "cyan"), f"{'':2}{first}"))
        _print(*(f"{'':{room + 4}}{line}" for line in more))


def _tables(model: type[BaseModel], key: str, more: Callable[[str], str] = lambda _: "") -> None:
    """Print the tables that a key of a config chooses from: what each is, its options with their defaults."""
    for table in tables_in(model.model_fields[key].annotation):
        for name in names_of(table):
            _print(Text(f"{'':2}{name}", "cyan"))
            for line in (" ".join((table.__doc__ or "").split()), *_options(table), more(name)):
                _print(*(f"{'':6}{part}" for part in textwrap.wrap(line, _width() - 6)))


def _options(table: type[BaseModel]) -> Iterator[str]:
    for key, field in table.model_fields.items():
        if key == "name":
            continue
        default = "without a default" if field.is_required() else f"= {_as_toml(field.default)}"
        more = "; ".join(filter(None, (_choices(field.annotation), field.description)))
        yield f"{key} {default}{f'  ({more})' if more else ''}"


def _as_toml(value: Any) -> str:
    return "not set" if value is None else json.dumps(value)


def _choices(annotation: Any) -> str:
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    return ", ".join(map(str, choices)) if len(choices) > 1 else ""


def _width() -> int:
    return max(LEAST_WIDTH, Console().width)


def _print(*lines: str | Text) -> None:
    console = Console()
    for line in lines:
        console.print(line if isinstance(line, Text) else Text(line), soft_wrap=True)
