"""Training of the flow in steps that can be taken up again: every step's chance comes from the seed and its number.

Axes: B batch, C latent channels, H and W pixels.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from common.run import Run
from pilots.creative.flow.descent import Descent, bfloat16_is_quick

KEEP = 100  # steps between two kept states
WARM_UP = 100  # steps until the learning rate is whole
MIDDLE = -0.7  # of the logit of a time: layout, settled early, is the hard part; fine bands are put right last
SMOOTH = 0.998  # share of the averaged weights that a step keeps


class Training:
    """A net on its way: `run(n)` takes n steps, `arrays` is all that is needed to go on, bit for bit.

    net     (state, t, condition) -> velocity; its `picture` [I, …] has a row for each picture
    patches draw(random, batch) -> data, which; noise(random, which, data); inner: what counts in the loss
    steps   in all; the learning rate rises for 100, stays, and falls to nothing over the second half
    batch   pieces per step
    rate    largest learning rate
    middle  of the logit of a time
    """

    def __init__(self, net: Any, patches: Any, seed: int, steps: int, batch: int, rate: float, middle: float = MIDDLE):
        self.middle = middle
        self.net, self.patches, self.seed, self.steps, self.batch, self.rate = net, patches, seed, steps, batch, rate
        self.descent = Descent(net.parameters())
        self.smooth = parameters_to_vector(net.parameters()).detach().clone()
        self.inner = torch.from_numpy(patches.inner)
        self.done, self.loss = 0, float("nan")

    def run(self, steps: int) -> float:
        """Take `steps` steps; their mean loss."""
        self.net.train()
        lost = []
        for _ in range(steps):
            lost.append(self._step(np.random.default_rng([self.seed, self.done])))
            self.done += 1
        self.loss = float(np.mean(lost))
        return self.loss

    def _step(self, random: np.random.Generator) -> float:
        data_BCHW, which = self.patches.draw(random, self.batch)
        data = torch.from_numpy(data_BCHW)
        noise = torch.from_numpy(self.patches.noise(random, which, data_BCHW))
        even = (np.arange(self.batch) + random.random()) / self.batch  # logit-normal times, one of each part
        t = torch.sigmoid(self.middle + torch.special.ndtri(torch.from_numpy(random.permutation(even)).float()))
        at = t[:, None, None, None]
        condition = torch.eye(self.net.picture.shape[0])[which]
        with quick():
            found = self.net((1 - at) * noise + at * data, t, condition)
        loss = ((found.float() - (data - noise)).square() * self.inner).mean() / self.inner.mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.descent.step(self.rate * self._share())
        keep = min(SMOOTH, (1 + self.done) / (10 + self.done))
        self.smooth.lerp_(parameters_to_vector(self.net.parameters()).detach(), 1 - keep)
        return loss.item()

    def _share(self) -> float:
        """Of the learning rate, at this step."""
        half = self.steps / 2
        falling = 1.0 if self.done < half else 0.5 * (1 + np.cos(np.pi * (self.done - half) / half))
        return float(min((self.done + 1) / min(WARM_UP, half), 1.0) * falling)

    def finish(self) -> None:
        """The averaged weights become the net's."""
        vector_to_parameters(self.smooth, self.net.parameters())
        self.net.eval()

    def arrays(self) -> dict[str, np.ndarray]:
        """Where the training stands."""
        flat = {"net": self.net.parameters(), "first": self.descent.first, "second": self.descent.second}
        kept = {name: parameters_to_vector(parts).detach().numpy().copy() for name, parts in flat.items()}
        return {"done": np.array(self.done), "smooth": self.smooth.numpy().copy(), **kept}

    def go_on(self, kept: Mapping[str, np.ndarray]) -> None:
        """Stand where `arrays` was taken."""
        self.done = self.descent.count = int(kept["done"])
        self.smooth = torch.from_numpy(kept["smooth"]).clone()
        flat = {"net": list(self.net.parameters()), "first": self.descent.first, "second": self.descent.second}
        for name, parts in flat.items():
            begin = 0
            for part in parts:
                end = begin + part.numel()
                part.data.copy_(torch.from_numpy(kept[name][begin:end]).view_as(part))
                begin = end


def quick() -> contextlib.AbstractContextManager:
    """bfloat16 for the net's products where that is quick."""
    return torch.autocast("cpu", torch.bfloat16) if bfloat16_is_quick() else contextlib.nullcontext()


def trained(training: Training, seed: int, run: Run | None) -> Iterator[None]:
    """Train to the end on one thread; yields whenever its state was kept, from where a stopped run goes on."""
    torch.set_num_threads(1)
    name = f"fit-seed{seed}"
    if run is not None and (kept := run.kept(name)) is not None:
        training.go_on(kept)
    while training.done < training.steps:
        training.run(min(KEEP, training.steps - training.done))
        if run is not None:
            run.put(name, training.arrays())
            run.say(f"step {training.done} of {training.steps}, loss {training.loss:.3f}")
            yield
    training.finish()


def minutes(training: Training) -> float:
    """Expected of a whole training on this machine: a few steps are taken."""
    training.run(2)
    began = time.perf_counter()
    training.run(3)
    return (time.perf_counter() - began) / 3 * training.steps / 60
