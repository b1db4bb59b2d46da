"""A pass over a batch as a CUDA graph: one launch for dozens of kernels.

On a small network the kernels take less time than their launches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

WARM_UP = 3
"""Passes before a capture, in which libraries allocate their memory (torch's documentation)."""


class GraphedPass:
    """Replays `run(inputs, targets)`: one graph for each size of batch, captured at the first of that size.

    `run` must not wait for the device, and must write its results to memory that stays. Every batch is copied
    to `memory`, which holds the inputs and targets of the largest batch.
    """

    def __init__(self, run: Callable[[Tensor, Tensor], None], memory: Sequence[Tensor]) -> None:
        self._run = run
        self._memory = memory
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def __call__(self, inputs: Tensor, targets: Tensor) -> None:
        size = len(inputs)
        held = [part[:size] for part in self._memory]
        for part, given in zip(held, (inputs, targets), strict=True):
            if part.data_ptr() != given.data_ptr():
                part.copy_(given)
        if size not in self._graphs:
            self._graphs[size] = self._capture(held[0], held[1])
        self._graphs[size].replay()

    def _capture(self, inputs: Tensor, targets: Tensor) -> torch.cuda.CUDAGraph:
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._run(inputs, targets)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # a probe may work in another thread meanwhile
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._run(inputs, targets)
        return graph
