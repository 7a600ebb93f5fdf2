"""Populations: LSTM 32 on windows 10 x 1280, batch 32, K detectors at a time.

The network, the data, Adam and the batch are the same on both sides. vadjax trains K members that
differ in seed and learning rate in one compiled program over the same features; torch trains the
same detectors one after another, as a script would. The unit is a fitted window of one member.
"""

import time
from collections.abc import Callable

import numpy as np

ROWS, WIDTH, LENGTH, BATCH, STEPS, UNITS = 2048, 1280, 10, 32, 20, 32
MEMBERS = (1, 4, 16)


def _data():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
    labels = rng.integers(0, 2, ROWS).astype(np.int32)
    starts = rng.permutation(ROWS - LENGTH + 1)[: BATCH * STEPS]
    return features, labels, (starts[:, None] + np.arange(LENGTH)).astype(np.int32)


def train_vadjax(members: int) -> Callable[[], float]:
    """Train all members for an epoch in one compiled program."""
    from vadjax import config as configs
    from vadjax import devices, models

    devices.setup()

    from vadjax.data.windows import WindowTable
    from vadjax.models import objectives
    from vadjax.training.inputs import TrainingData, hyperparameters, resident_arrays
    from vadjax.training.parallel import Devices
    from vadjax.training.population import Member, Population
    from vadjax.training.step import Settings

    features, labels, rows = _data()
    config = configs.default_config()
    config.model.units, config.train.batch_size = (UNITS,), BATCH
    with config.unlocked():
        config.objective.label_rule = "last"
    config.objective.name = "classify"
    objective = objectives.create(config.objective)
    model = models.create(config.model, feature_shape=(WIDTH,), objective=objective)
    tables = [WindowTable(r, np.zeros(len(r), np.int32)) for r in (rows, rows[:1])]
    data = TrainingData(features, labels, None, *tables)
    hparams = hyperparameters(data, config, objective)
    rates = np.geomspace(1e-4, 1e-2, members, dtype=np.float32)
    population = Population(
        model,
        objective,
        Settings(BATCH, total_steps=STEPS),
        members=[Member(str(i), i, {**hparams, "learning_rate": r}) for i, r in enumerate(rates)],
        shared=resident_arrays(data),
        devices=Devices(members=members),
    )

    def sample() -> float:
        start = time.perf_counter()
        population.epoch()
        return members * len(rows) / (time.perf_counter() - start)

    return sample


def train_torch(members: int) -> Callable[[], float]:
    """Train one detector for an epoch; K of them one after another have the same rate."""
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scan = torch.nn.LSTM(WIDTH, UNITS, batch_first=True)
            self.out = torch.nn.Linear(UNITS, 1)

        def forward(self, windows):
            return self.out(self.scan(windows)[0][:, -1])[:, 0]

    torch.manual_seed(0)
    features, labels, rows = map(torch.from_numpy, _data())
    rows, labels = rows.long(), labels.float()
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    def sample() -> float:
        start = time.perf_counter()
        for chosen in torch.randperm(len(rows)).split(BATCH):
            batch = rows[chosen]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                net(features[batch]), labels[batch[:, -1]]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return len(rows) / (time.perf_counter() - start)

    return sample


def _case(members: int) -> dict:
    return {"vadjax": lambda: train_vadjax(members), "torch": lambda: train_torch(members)}


CASES = {f"{members} members": _case(members) for members in MEMBERS}
EXTRA_CASES = {"64 members": _case(64)}
