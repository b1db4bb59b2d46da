"""Run a preset over all combinations of settings, several runs at once; resume an interrupted sweep."""

from __future__ import annotations

import argparse
import math
import shlex
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from gradstep.engine.conditions.evidence import counts
from gradstep.engine.config.files import load_preset
from gradstep.engine.config.sweep import AxisError, parse_axis
from gradstep.engine.errors import UserError
from gradstep.engine.runs.local_workers import LocalWorkers
from gradstep.engine.runs.plan import Plan, make_plan
from gradstep.engine.runs.result import Result
from gradstep.engine.runs.runner import Update
from gradstep.engine.runs.sweep import Sweeping
from gradstep.engine.runs.table import write_csv
from gradstep.engine.runs.workers import Workers
from gradstep.engine.training.threads import available_processors
from gradstep.tui.charts.distribution import distribution
from gradstep.tui.commands.arguments import add_data_dir, add_set, completes, file_path, run_length
from gradstep.tui.commands.data import warn_of_digits
from gradstep.tui.commands.exit_status import Exit
from gradstep.tui.commands.output import Console, TextOutput
from gradstep.tui.state.sweep import ENDINGS, endings_said
from gradstep.tui.text import field, plain

STYLES = {"condition": "green", "diverged": "yellow", "failed": "red"}
MAX_JOBS = 1024
LISTED = 40
"""The most runs that the summary lists one by one."""
WIDE = 1000
"""The ratio of the greatest to the least number from which their logarithms are shown."""
SHOWN_RUNNING = 16
"""The most running runs with a progress line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    preset = parser.add_argument("preset", metavar="PRESET|FILE.toml", help="see `gradstep presets`")
    completes(preset, "preset_file")
    over = parser.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="KEY=VALUES",
        help="as train.seed=0:20, train.rule.learning_rate=log:1e-13:1e-11:9 (or lin:), or a list a,b,c; "
        "given again: all combinations (default: the preset's [sweep])",
    )
    completes(over, "setting")
    parser.add_argument(
        "--steps", type=run_length, metavar="N", help="how many updates (default: the preset's)"
    )
    parser.add_argument("--until", metavar="CONDITION", help="a run ends where it holds, as 'loss < 1e-3'")
    parser.add_argument(
        "--measure",
        action="append",
        default=[],
        metavar="NUMBER",
        help="what to tell of each run beside its last record, as 'share(loss > prev.loss)'",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, metavar="N", help="runs at once (default: one a processor)")
    where.add_argument("--cluster", metavar="ADDRESS", help="have the workers of this Dask scheduler do them")
    save = parser.add_argument(
        "--save", type=file_path, metavar="FILE", help="keep the results there (SQLite)"
    )
    table = parser.add_argument(
        "--csv",
        type=file_path,
        metavar="FILE",
        help="write the table of results there; its last column is the command that does a run again",
    )
    for file in (save, table):
        completes(file, "file")
    add_set(parser)
    add_data_dir(parser)


def main(arguments: argparse.Namespace) -> int:
    """Do the runs that are missing, and print a summary of all."""
    screen = Console(stderr=True)
    plan = _plan(arguments)
    count = _jobs(arguments)
    warn_of_digits([plan.preset], arguments.data_dir, screen)
    # opened first, so that a bad path costs no run
    table = TextOutput("--csv", arguments.csv) if arguments.csv is not None else None
    with closing(Sweeping(plan, arguments.save, arguments.data_dir)) as sweeping:
        done = len(sweeping.results)
        if done:
            screen.print(f"{done:,} of {len(plan):,} runs are done already: {plain(str(sweeping.path))}")
        interrupted = False
        try:
            if done < len(plan):
                _run(sweeping, _workers(arguments, plan, count), screen)
        except KeyboardInterrupt:
            interrupted = True
            sweeping.reread()
        results = [sweeping.results[point] for point in sorted(sweeping.results)]
        if table is not None:
            _write_table(table, sweeping, results, arguments)
    if interrupted:
        kept = f"{len(results):,} of {len(plan):,} runs are kept in {plain(str(sweeping.path))}; go on with"
        said = kept if results else "no run was finished; begin again with"
        screen.print(Text(f"interrupted: {said}\n    {plain(_command(arguments))}"), soft_wrap=True)
        return Exit.INTERRUPTED
    if arguments.save is not None:
        screen.print(f"kept in {plain(str(sweeping.path))}", markup=False, highlight=False, soft_wrap=True)
    print_summary(plan, results, Console())
    return Exit.FAILED if any(result.ending == "failed" for result in results) else Exit.DONE


def _write_table(
    table: TextOutput, sweeping: Sweeping, results: Sequence[Result], arguments: argparse.Namespace
) -> None:
    """Write the table. Raises UserError if it cannot be written; the results are kept in their file."""
    try:
        with table:
            write_csv(table, sweeping.plan, results, _source(arguments))
    except UserError as error:
        sweeping.keep()
        where = plain(str(sweeping.path))
        raise UserError(f"{error}; the results are kept in {where}") from None


def _plan(arguments: argparse.Namespace) -> Plan:
    overrides = list(arguments.set)
    if arguments.steps is not None:
        overrides.append(f"run.steps={arguments.steps}")
    try:
        axes = [parse_axis(text) for text in arguments.over]
    except AxisError as error:
        raise UserError(f"--over: {error}") from None
    preset = load_preset(arguments.preset, overrides, {axis.key: axis.values[0] for axis in axes})
    return make_plan(preset, axes, arguments.until, arguments.measure)


def _jobs(arguments: argparse.Namespace) -> int:
    if arguments.jobs is not None and not 1 <= arguments.jobs <= MAX_JOBS:
        raise UserError(f"--jobs: given {arguments.jobs}; allowed: 1 to {MAX_JOBS}")
    return arguments.jobs or available_processors()


def _run(sweeping: Sweeping, workers: Workers, screen: Console) -> None:
    """Do the runs, with a progress line for all and one for each running one."""
    plan = sweeping.plan
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
        done = len(sweeping.results)
        whole = progress.add_task(escape(plain(plan.preset.name)), total=len(plan) - done, count="")
        lines: dict[int, TaskID] = {}
        for update in sweeping.run(workers):
            share = sum(position / end for position, end in update.running.values() if end)
            finished = len(sweeping.results)
            progress.update(
                whole, completed=finished - done + share, count=f"{finished:,}/{len(plan):,} runs"
            )
            _show_running(progress, lines, plan, update)


def _show_running(progress: Progress, lines: dict[int, TaskID], plan: Plan, update: Update) -> None:
    for point in set(lines) - set(update.running):
        progress.remove_task(lines.pop(point))
    for point, (position, end) in update.running.items():
        if point not in lines and len(lines) < SHOWN_RUNNING:
            lines[point] = progress.add_task(escape(f"  {plain(plan.said(point))}"), total=end, count="")
        if point in lines:
            progress.update(lines[point], completed=position, count=f"step {position:,}/{end:,}")


def print_summary(plan: Plan, results: Sequence[Result], console: Console) -> None:
    """Print how the runs ended, their distributions, and a table if they are few."""
    said = endings_said(Counter(result.ending for result in results), plan.until)
    console.print(Text.assemble((plain(plan.preset.title), "bold"), f"\n{len(results):,} runs: {said}"))
    if len(results) <= LISTED:
        console.print(_table(plan, results))
    names = ["loss", *plan.measures]
    for name in names:
        values = [value for result in results if (value := result.value(name, plan.measures)) is not None]
        if len(values) > 1:
            shown, values = _spread(name, values)
            spread = distribution(values, count=shown == name and counts(name))
            console.print(Text.assemble((f"{plain(shown)}: ", "cyan"), spread), soft_wrap=True)
    for number_, claim in enumerate(plan.preset.claim):
        states = Counter(result.claims[number_] for result in results if result.claims)
        if states and set(states) != {"open"}:
            said = ", ".join(f"{state} for {count:,}" for state, count in states.most_common())
            console.print(Text.assemble(f"“{plain(claim.says)}”  ", (said, "cyan")), soft_wrap=True)
    reasons = Counter(result.reason for result in results if result.ending == "failed")
    for reason, count in reasons.most_common():
        console.print(Text(f"{count:,} failed: {plain(reason)}", "red"), soft_wrap=True)


def _spread(name: str, values: list[float]) -> tuple[str, list[float]]:
    """Return the numbers, or the logarithms of positive ones orders of magnitude apart; with their name."""
    finite = [value for value in values if math.isfinite(value)]
    if finite and min(finite) > 0 and max(finite) > WIDE * min(finite):
        return f"log10({name})", [math.log10(value) if math.isfinite(value) else value for value in values]
    return name, values


def _table(plan: Plan, results: Sequence[Result]) -> Table:
    table = Table(*map(plain, plan.names), "ended", "step", "loss", box=None)
    for measure in plan.measures:
        table.add_column(Text(plain(measure)), justify="right")
    for column in table.columns[: len(plan.axes)]:
        column.style = "cyan"
    for column in table.columns[len(plan.axes) + 1 :]:
        column.justify = "right"
    for result in results:
        labels = [axis.labels[i] for axis, i in zip(plan.axes, plan.place(result.point), strict=True)]
        names = ("step", "loss", *plan.measures)
        numbers = [field(name, result.value(name, plan.measures), 4) for name in names]
        style = STYLES.get(result.ending, "")
        table.add_row(
            *(Text(plain(label)) for label in labels),
            Text(ENDINGS[result.ending], style),
            *numbers,
        )
    return table


def _source(arguments: argparse.Namespace) -> str:
    """Return the arguments for the preset and its changes."""
    parts = [arguments.preset, *(part for one in arguments.set for part in ("--set", one))]
    if arguments.steps is not None:
        parts += ["--steps", str(arguments.steps)]
    if arguments.data_dir is not None:
        parts += ["--data-dir", str(arguments.data_dir)]
    return shlex.join(parts)


def _command(arguments: argparse.Namespace) -> str:
    """Return the command line that was given."""
    parts = []
    for option in ("over", "measure"):
        parts += [part for one in getattr(arguments, option) for part in (f"--{option}", one)]
    for option in ("until", "jobs", "cluster", "save", "csv"):
        if (given := getattr(arguments, option)) is not None:
            parts += [f"--{option}", str(given)]
    return f"gradstep sweep {_source(arguments)} {shlex.join(parts)}".rstrip()


def _workers(arguments: argparse.Namespace, plan: Plan, count: int) -> Workers:
    if arguments.cluster is not None:
        from gradstep.engine.runs.dask_workers import ClusterWorkers

        return ClusterWorkers(arguments.cluster, plan, arguments.data_dir)
    return LocalWorkers(min(count, len(plan)), len(plan))
