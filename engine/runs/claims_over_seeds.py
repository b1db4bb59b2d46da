"""Claims over seeds: the preset runs once per seed, several runs at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gradstep.engine.conditions.aggregates import Aggregate, parse_condition_over_seeds
from gradstep.engine.conditions.claims import Claim, Outcome, SeedResult, Verdict
from gradstep.engine.conditions.expression import Condition
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.sweep import make_axis
from gradstep.engine.errors import UserError
from gradstep.engine.runs.local_workers import LocalWorkers
from gradstep.engine.runs.plan import make_plan
from gradstep.engine.runs.result import Job, Result
from gradstep.engine.runs.runner import run_all
from gradstep.engine.training.threads import available_processors

Seen = dict[str, float | None]
"""Values at the end of a seed's run, by their texts; a condition is 0 or 1."""


def judge_over_seeds(
    preset: Preset, data_dir: Path | None = None, progress: Callable[[int, int], object] | None = None
) -> list[Verdict]:
    """Return the verdicts on a preset's claims over seeds. Each seed is run once.

    Other presets that the claims read are run with the same seed. `progress` is called with (seeds done,
    seeds). Raises UserError if a run fails.
    """
    claims = [claim for claim in preset.claim if claim.seeds is not None]
    if not claims:
        return []
    count = max(claim.seeds or 0 for claim in claims)
    conditions = list(dict.fromkeys(text for claim in claims for text in _conditions(claim)))
    numbers = list(dict.fromkeys(text for claim in claims for text in _numbers(claim)))
    plan = make_plan(preset, [make_axis("train.seed", range(count))])
    jobs = (
        Job(
            seed,
            plan.config(seed),
            measures=tuple(numbers),
            conditions=tuple(conditions),
            data_dir=data_dir,
            same_seed=True,
        )
        for seed in range(count)
    )
    seen: dict[int, Seen] = {}
    for update in run_all(jobs, LocalWorkers(min(count, available_processors()), count)):
        for result in update.results:
            seen[result.point] = _seen(preset, result, conditions, numbers)
        if progress is not None:
            progress(len(seen), count)
    return [_judged(claim, [seen[seed] for seed in range(claim.seeds or 0)]) for claim in claims]


def _aggregates(claim: Claim) -> list[Aggregate]:
    """Return the aggregates of a claim."""
    return parse_condition_over_seeds(claim.over_seeds).aggregates if claim.over_seeds is not None else []


def _conditions(claim: Claim) -> list[str]:
    """Return the conditions of a claim to test at the end of each run."""
    own = [claim.condition] if claim.condition is not None else []
    return own + [part.of.text for part in _aggregates(claim) if isinstance(part.of, Condition)]


def _numbers(claim: Claim) -> list[str]:
    own = [claim.measure] if claim.measure is not None else []
    return own + [part.of.text for part in _aggregates(claim) if not isinstance(part.of, Condition)]


def _seen(preset: Preset, result: Result, conditions: list[str], numbers: list[str]) -> Seen:
    if result.ending == "failed":
        raise UserError(f"{preset.name} with train.seed = {result.point}: {result.reason}")
    held = [None if one is None else float(one) for one in result.held]
    return {
        **dict(zip(conditions, held, strict=True)),
        **dict(zip(numbers, result.measures, strict=True)),
    }


def _judged(claim: Claim, seen: list[Seen]) -> Verdict:
    measured = [one[claim.measure] if claim.measure is not None else None for one in seen]
    if claim.over_seeds is None:
        held = [one[claim.condition or ""] for one in seen]
        seeds = tuple(
            SeedResult(seed, None if one is None else bool(one), measure)
            for seed, (one, measure) in enumerate(zip(held, measured, strict=True))
        )
        return Verdict(claim, "holds" if all(held) else "refuted", len(seeds), seeds=seeds)
    seeds = tuple(SeedResult(seed, None, measure) for seed, measure in enumerate(measured))
    summary = parse_condition_over_seeds(claim.over_seeds)
    values = {str(part): part.over([one[part.of.text] for one in seen]) for part in summary.aggregates}
    outcome: Outcome = "holds" if summary.of(list(values.values())) else "refuted"
    return Verdict(claim, outcome, len(seeds), values=tuple(values.items()), seeds=seeds)
