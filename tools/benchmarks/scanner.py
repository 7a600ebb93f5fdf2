"""LSTM 256+128 on windows 15 x 1000: training on arbitrary windows, scoring at stride 1.

The network, the data, the optimiser (Adam) and the batch are the same on both sides: two LSTM
layers, a linear layer on the last state, binary cross-entropy; windows are gathered by row from
features in memory on both sides.
"""

import time
from collections.abc import Callable

import numpy as np

ROWS, WIDTH, LENGTH, BATCH, STEPS = 4096, 1000, 15, 64, 20
UNITS = (256, 128)


def _data():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
    labels = rng.integers(0, 2, ROWS).astype(np.int32)
    starts = rng.permutation(ROWS - LENGTH + 1)[: BATCH * STEPS]
    return features, labels, (starts[:, None] + np.arange(LENGTH)).astype(np.int32)


def _model(name: str = "classify"):
    from vadjax import config as configs
    from vadjax import models
    from vadjax.models import objectives

    config = configs.default_config()
    config.model.units, config.train.batch_size = UNITS, BATCH
    config.train.clip_norm = 0.0
    with config.unlocked():
        config.objective.label_rule = "last"
    config.objective.name = name
    objective = objectives.create(config.objective)
    return (
        config,
        models.create(config.model, feature_shape=(WIDTH,), objective=objective),
        objective,
    )


def train_vadjax() -> Callable[[], float]:
    """Train epochs as `python -m vadjax.main` does: compiled whole, windows gathered inside."""
    from vadjax import devices

    devices.setup()

    from vadjax.data.windows import WindowTable
    from vadjax.training.inputs import TrainingData, hyperparameters, resident_arrays
    from vadjax.training.parallel import Devices
    from vadjax.training.population import Member, Population
    from vadjax.training.step import Settings

    features, labels, rows = _data()
    config, model, objective = _model()
    table = WindowTable(rows, np.zeros(len(rows), np.int32))
    select = WindowTable(rows[:1], np.zeros(1, np.int32))
    data = TrainingData(features, labels, None, table, select)
    population = Population(
        model,
        objective,
        Settings(BATCH, total_steps=STEPS),
        members=[Member("", 0, hyperparameters(data, config, objective))],
        shared=resident_arrays(data),
        devices=Devices(config.train.num_devices, mode=config.train.parallel),
    )

    def sample() -> float:
        start = time.perf_counter()
        population.epoch()
        return len(rows) / (time.perf_counter() - start)

    return sample


def _torch_net():
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.one = torch.nn.LSTM(WIDTH, UNITS[0], batch_first=True)
            self.two = torch.nn.LSTM(UNITS[0], UNITS[1], batch_first=True)
            self.out = torch.nn.Linear(UNITS[1], 1)

        def forward(self, x):
            return self.out(self.two(self.one(x)[0])[0][:, -1])[:, 0]

    return Net()


def train_torch() -> Callable[[], float]:
    """The usual loop: gather, forward, backward, Adam."""
    import torch

    features, labels, rows = _data()
    x, y = torch.from_numpy(features), torch.from_numpy(labels).float()
    table = torch.from_numpy(rows.astype(np.int64))
    net = _torch_net()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    loss_of = torch.nn.BCEWithLogitsLoss()

    def sample() -> float:
        start = time.perf_counter()
        order = torch.randperm(len(table))
        for step in range(STEPS):
            index = table[order[step * BATCH : (step + 1) * BATCH]]
            adam.zero_grad(set_to_none=True)
            loss = loss_of(net(x[index]), y[index[:, -1]])
            loss.backward()
            adam.step()
        loss.item()
        return len(table) / (time.perf_counter() - start)

    return sample


def score_vadjax() -> Callable[[], float]:
    """Score every window of a clip at stride 1, the projection shared between windows."""
    from vadjax import devices

    devices.setup()
    import jax

    from vadjax.scoring.score import make_score_fn

    features, _, _ = _data()
    _, model, objective = _model()
    rows = (np.arange(ROWS - LENGTH + 1)[:, None] + np.arange(LENGTH)).astype(np.int32)
    variables = model.init(jax.random.key(0), np.zeros((1, LENGTH, WIDTH), np.float32))
    run = make_score_fn(model, objective, length=LENGTH, batch_size=256)

    def sample() -> float:
        start = time.perf_counter()
        run(variables, features, rows)
        return len(rows) / (time.perf_counter() - start)

    return sample


def score_torch() -> Callable[[], float]:
    """Every window gathered and scored, in batches of 256."""
    import torch

    features, _, _ = _data()
    x, net = torch.from_numpy(features), _torch_net().eval()
    starts = torch.arange(ROWS - LENGTH + 1)
    steps = torch.arange(LENGTH)

    def sample() -> float:
        start = time.perf_counter()
        with torch.inference_mode():
            for chunk in starts.split(256):
                torch.sigmoid(net(x[chunk[:, None] + steps])).numpy()
        return len(starts) / (time.perf_counter() - start)

    return sample


CASES = {
    "train windows": {"vadjax": train_vadjax, "torch": train_torch},
    "score stride 1": {"vadjax": score_vadjax, "torch": score_torch},
}
