"""The start of a run: its config with "auto" resolved, its trainer, its time line at position 0."""

from __future__ import annotations

import torch

from gradstep.engine.config.changes import changed
from gradstep.engine.config.preset import Preset
from gradstep.engine.data.dataset import Dataset
from gradstep.engine.timeline.timeline import Timeline
from gradstep.engine.training.build import build
from gradstep.engine.training.devices import resolve_device
from gradstep.engine.training.threads import resolve_threads
from gradstep.engine.training.trainer import Trainer


def begin(preset: Preset, dataset: Dataset) -> Timeline:
    """Return a time line at position 0. Raises UserError if the device is not available."""
    resolved = changed(
        preset,
        {
            "train.threads": resolve_threads(preset, len(dataset.train_inputs)),
            "train.device": resolve_device(preset.train.device).type,
        },
        "resolved config",
    )
    timeline = Timeline(make_trainer(resolved, dataset), resolved)
    timeline.start()
    return timeline


def make_trainer(preset: Preset, dataset: Dataset) -> Trainer:
    """Return a trainer for a preset without "auto"."""
    torch.set_num_threads(int(preset.train.threads))
    return Trainer(build(preset, dataset))
