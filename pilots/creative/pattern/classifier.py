"""The judge of drawn patterns: a small net that learns the classes from the library alone, and its features.

Axes: B patterns, H, W cells, K classes, D features. No picture from elsewhere and no weights from elsewhere take part.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from common.run import Run
from pilots.creative.data.patterns import library
from pilots.creative.flow.net import TorusConv
from pilots.creative.flow.train import quick
from pilots.creative.pattern.net import unit

WIDTH = 48
FEATURES = 64
BATCH = 64
AGAIN = 16  # steps between two draws of fresh patterns
SEEDS = 1_000_000  # the judge's patterns come from seeds that neither the flow's training nor the figures use
JITTER = 0.4  # cells; a pattern drawn by a net is not as smooth as one made by formula


class Classifier(nn.Module):
    """fields [B, H, W] in cells -> logits [B, K]; `features` gives what the last layer sees, [B, D]."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = TorusConv(16, WIDTH)
        self.near = TorusConv(WIDTH, WIDTH)
        self.down = nn.Conv2d(WIDTH, 2 * WIDTH, 2, 2)
        self.far = nn.ModuleList(TorusConv(2 * WIDTH, 2 * WIDTH) for _ in range(3))
        self.narrow = nn.Linear(4 * WIDTH, FEATURES)
        self.leave = nn.Linear(FEATURES, len(library.NAMES))

    def features(self, fields: torch.Tensor) -> torch.Tensor:
        x = self.enter(functional.pixel_unshuffle(fields[:, None] / library.FAR, 4))
        x = x + self.near(torch.relu(unit(x)))
        x = self.down(torch.relu(unit(x)))
        for layer in self.far:
            x = x + layer(torch.relu(unit(x)))
        x = torch.relu(x)
        return torch.tanh(self.narrow(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)))

    def forward(self, fields: torch.Tensor) -> torch.Tensor:
        return self.leave(self.features(fields))


def trained(steps: int, seed: int) -> Classifier:
    """The judge after `steps` steps of BATCH fresh patterns; the same for the same seed on one machine."""
    torch.set_num_threads(1)
    random = np.random.default_rng([seed, SEEDS])
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        judge = Classifier()
    optimiser = torch.optim.AdamW(judge.parameters())
    falling = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, steps)
    again = min(AGAIN, steps)
    for step in range(steps):
        if step % again == 0:
            fields, kinds = library.sample(BATCH * again // len(library.NAMES), int(random.integers(2**31)) + SEEDS)
            classes = library.CLASS_K[kinds]
            order = random.permutation(len(fields)).reshape(again, BATCH)
        some = order[step % again]
        seen = fields[some] + random.normal(0, JITTER * random.random(), fields[some].shape).astype(np.float32)
        with quick():
            lost = functional.cross_entropy(judge(torch.from_numpy(seen)), torch.from_numpy(classes[some]))
        optimiser.zero_grad()
        lost.backward()
        optimiser.step()
        falling.step()
    return judge.eval()


def kept(run: Run, steps: int) -> Classifier:
    """The judge of a run, trained once."""

    def weights() -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in trained(steps, 0).state_dict().items()}

    judge = Classifier()
    judge.load_state_dict({name: torch.from_numpy(value) for name, value in run.keep("judge", weights).items()})
    return judge.eval()


@torch.no_grad()
def judged(judge: Classifier, fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Classes [B] and features [B, D] of fields, float32 throughout."""
    parts = [judge.features(torch.from_numpy(fields[i : i + 256])) for i in range(0, len(fields), 256)]
    seen = torch.cat(parts)
    return judge.leave(seen).argmax(1).numpy(), seen.numpy()


def sha256(judge: Classifier) -> str:
    """Of its weights: figures of two judges cannot be compared."""
    whole = b"".join(p.detach().numpy().astype("<f4").tobytes() for p in judge.parameters())
    return hashlib.sha256(whole).hexdigest()
