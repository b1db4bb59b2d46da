"""Run presets until their claims are decided, and print the verdicts; exit with 1 if one is unexpected."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from gradstep.engine.conditions.claims import Verdict, claim_condition
from gradstep.engine.conditions.evidence import counts
from gradstep.engine.config.files import load_preset, preset_names
from gradstep.engine.config.preset import Preset
from gradstep.engine.errors import UserError
from gradstep.engine.records.record import json_number
from gradstep.tui.charts.distribution import distribution
from gradstep.tui.commands.arguments import add_data_dir, completes
from gradstep.tui.commands.data import warn_of_digits
from gradstep.tui.commands.exit_status import Exit
from gradstep.tui.commands.markdown import code, markdown
from gradstep.tui.commands.output import Console
from gradstep.tui.state.verdicts import evidence, signed
from gradstep.tui.text import plain

ROOM_FOR_A_TABLE = 140
MARKDOWN = ("statement", "who says it", "preset", "verdict", "where", "evidence")
QUICK_STEPS = 500
"""The most steps of a preset in the quick set."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    presets = parser.add_argument("presets", nargs="*", metavar="PRESET", help="default: the quick ones")
    completes(presets, "preset_file")
    parser.add_argument("--all", action="store_true", help="every preset; on MNIST this takes many minutes")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print JSON Lines, an object a claim")
    output.add_argument("--markdown", action="store_true", help="print the verdicts as a Markdown table")
    add_data_dir(parser)


def main(arguments: argparse.Namespace) -> int:
    if arguments.presets and arguments.all:
        raise UserError("check some presets or --all, not both")
    names = arguments.presets or preset_names()
    presets = {name: preset for name in names if (preset := load_preset(name)).claim}
    if not (arguments.presets or arguments.all):
        presets = {name: preset for name, preset in presets.items() if _quick(preset)}
    for name, preset in presets.items():
        if preset.run.steps is None and preset.run.epochs is None:
            raise UserError(f"{name} has no length: give steps or epochs in its [run]")
    for name in arguments.presets:
        if name not in presets:
            print(f"{plain(name)} has no claims to check", file=sys.stderr)
    if not presets:
        return Exit.DONE
    warn_of_digits(presets.values(), arguments.data_dir, Console(stderr=True))
    judged, interrupted = [], False
    try:
        for name, verdict in _verdicts(presets, arguments.data_dir):
            judged.append((name, verdict))
            if arguments.json:
                print(json.dumps(_as_json(name, verdict)), flush=True)
    except KeyboardInterrupt:
        interrupted = True
    if judged and arguments.markdown:
        print(markdown(MARKDOWN, (_markdown_row(name, verdict) for name, verdict in judged)))
    elif judged and not arguments.json:
        _print_verdicts(judged)
    if interrupted:
        done = len({name for name, _ in judged})
        print(f"interrupted: {done} of {len(presets)} presets were checked", file=sys.stderr)
        return Exit.INTERRUPTED
    return Exit.DONE if all(verdict.expected for _, verdict in judged) else Exit.UNEXPECTED


def _print_verdicts(judged: list[tuple[str, Verdict]]) -> None:
    console = Console()
    if console.width >= ROOM_FOR_A_TABLE:
        console.print(_table(judged))
    else:
        for name, verdict in judged:
            console.print(_block(name, verdict), soft_wrap=True)


def _verdicts(presets: dict[str, Preset], data_dir: Path | None) -> Iterator[tuple[str, Verdict]]:
    from gradstep.engine.runs.check import check

    screen = Console(stderr=True)
    with Progress(console=screen, disable=not screen.is_terminal, transient=True) as progress:
        for name, preset in presets.items():
            task = progress.add_task(escape(plain(name)))
            show = partial(_show, progress, task)
            for verdict in check(preset, data_dir, show):
                yield name, verdict
            progress.remove_task(task)


def _show(progress: Progress, task: TaskID, done: int, total: int) -> None:
    progress.update(task, completed=done, total=total)


def _quick(preset: Preset) -> bool:
    steps = preset.run.steps
    return steps is not None and steps <= QUICK_STEPS and not any(claim.seeds for claim in preset.claim)


def reproduce(preset: str, verdict: Verdict) -> str:
    """Return a command that reproduces the evidence; `preset` is the name or file that was given."""
    claim, command = verdict.claim, f"gradstep run {shlex.quote(preset)}"
    if claim.seeds is not None:
        return f"gradstep check {shlex.quote(preset)}"
    if claim.at is not None:
        return f"{command} --steps {claim.at}"
    if verdict.position == 0:
        return f"{command} --steps 0"
    if verdict.outcome == "refuted" and claim.always:
        return f"{command} --until {shlex.quote(f'not ({claim.always})')}"
    if verdict.outcome == "shown" or (verdict.outcome == "refuted" and claim.never):
        return f"{command} --until {shlex.quote(claim_condition(claim))}"
    return f"{command} --steps {verdict.steps}"


def _evidence(verdict: Verdict) -> str:
    values = evidence(verdict)
    if measures := [seed.measure for seed in verdict.seeds if seed.measure is not None]:
        measure = verdict.claim.measure or ""
        spread = f"{plain(measure)}:\n{distribution(measures, count=counts(measure))}"
        return f"{values}\n{spread}" if values else spread
    return values


def _table(judged: list[tuple[str, Verdict]]) -> Table:
    table = Table("preset", "statement", "who says it", "verdict", "evidence", show_lines=True)
    table.columns[0].overflow = "fold"
    for preset, verdict in judged:
        colour = "green" if verdict.expected else "red"
        wrong = "" if verdict.expected else f"\nexpected: {verdict.claim.expect}"
        read = f"{_evidence(verdict)}\n" if verdict.values or verdict.seeds else ""
        table.add_row(
            Text(plain(preset)),
            Text(f"“{plain(verdict.claim.says)}”"),
            Text(plain(verdict.claim.source)),
            Text.assemble((signed(verdict), colour), wrong),
            Text.assemble(read, (plain(reproduce(preset, verdict)), "dim")),
        )
    return table


def _block(preset: str, verdict: Verdict) -> Text:
    """Return a verdict as lines, for a console too narrow for the table."""
    wrong = "" if verdict.expected else f"  expected: {verdict.claim.expect}"
    evidence = f"  {_evidence(verdict)}" if verdict.values or verdict.seeds else ""
    return Text.assemble(
        (plain(preset), "cyan"),
        f"  “{plain(verdict.claim.says)}”",
        (f"  — {plain(verdict.claim.source)}" if verdict.claim.source else "", "dim"),
        "\n  ",
        (signed(verdict), "green" if verdict.expected else "red"),
        f"{wrong}{evidence}\n  ",
        (plain(reproduce(preset, verdict)), "dim"),
        "\n",
    )


def _markdown_row(preset: str, verdict: Verdict) -> tuple[str, ...]:
    claim = verdict.claim
    evidence = " ".join(map(code, _evidence(verdict).splitlines()))
    return f"“{claim.says}”", claim.source, code(preset), verdict.outcome, _where(verdict), evidence


def _where(verdict: Verdict) -> str:
    """Return the step or the seeds of a verdict, or the number of steps without a decision."""
    seeds = len(verdict.seeds)
    if seeds and verdict.claim.over_seeds is None:
        return f"{sum(bool(seed.held) for seed in verdict.seeds)} of {seeds} seeds"
    if seeds:
        return f"{seeds} seeds together"
    return f"{verdict.steps:,} steps" if verdict.position is None else f"step {verdict.position:,}"


def _as_json(preset: str, verdict: Verdict) -> dict[str, object]:
    return {
        "preset": preset,
        "says": verdict.claim.says,
        "source": verdict.claim.source,
        "verdict": verdict.outcome,
        "position": verdict.position,
        "steps": verdict.steps,
        "expected": verdict.claim.expect,
        "as_expected": verdict.expected,
        "values": {name: json_number(value) for name, value in verdict.values},
        "seeds": [
            {"seed": s.seed, "held": s.held, "measure": s.measure and json_number(s.measure)}
            for s in verdict.seeds
        ],
        "reproduce": reproduce(preset, verdict),
    }
