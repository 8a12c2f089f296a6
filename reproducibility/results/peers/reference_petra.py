"""Another implementation of PETRA, on RevNet-18 and CIFAR-10, in PyTorch: what baselines/petra.h is compared with (docs/peers.md).

Written from Rivaud et al. 2025 (its algorithm 1, with k = 1) and the authors' public code, and sharing nothing with baselines/ but PyTorch's
kernels. `bp` is the same network by backpropagation, so that a difference of networks and one of methods are told apart. At an epoch's end the
pipeline runs empty.

    python3 -m venv V && V/bin/pip install torch==2.11.0 numpy && V/bin/python reference_petra.py petra DIR --epochs=2 --seed=1

DIR holds CIFAR-10's binary batches, unpacked. Prints one line of JSON. No test runs it. With --begin_as=OUT/weights.safetensors (and safetensors
installed) it begins with these weights, and takes the images, and their order, that //:train draws from the same seed: then both programs take
the same steps. A training by --lr=1e-30 writes the weights that one begins with.
"""
import argparse
import collections
import json
import math

import numpy as np
import torch
from torch.nn import functional as F

a = argparse.ArgumentParser()
a.add_argument('method', choices=['bp', 'petra'])
a.add_argument('data')
for name, value in dict(images=5000, width=16, epochs=2, batch=32, seed=1, lr=1e-3).items():
    a.add_argument('--' + name, type=type(value), default=value)
a.add_argument('--begin_as')
o = a.parse_args()
C, random = 10, torch.Generator().manual_seed(o.seed)
torch.set_num_threads(1)
torch.set_flush_denormal(True)

def load(names):
    rows = np.concatenate([np.fromfile(f'{o.data}/{n}.bin', np.uint8).reshape(-1, 3073) for n in names])
    return torch.tensor(rows[:, 1:]).view(-1, 3, 32, 32), torch.tensor(rows[:, 0]).long()
x, y = load([f'data_batch_{n}' for n in range(1, 6)])
def mixed(x):  # splitmix64, as in base/random.cc
    x = (x + 0x9e3779b97f4a7c15) % 2**64
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 % 2**64
    x = (x ^ x >> 27) * 0x94d049bb133111eb % 2**64
    return x ^ x >> 31
SUBSET, ORDER = 10, 2  # RandomUse there
def permutation(n, use, number):
    if o.begin_as is None: return torch.randperm(n, generator=random)
    seed = mixed(mixed(mixed(o.seed) ^ use) ^ number)
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed - 2**64 * (seed >= 2**63)))
def draw(c):
    own = (y == c).nonzero()[:, 0]
    return own[permutation(len(own), SUBSET, c)[:o.images // C]]
some = torch.cat([draw(c) for c in range(C)])
if o.begin_as is not None: some = some.sort()[0]
x, y, (tx, ty) = x[some], y[some], load(['test_batch'])
deviation, mean = torch.std_mean(x.float(), (0, 2, 3), keepdim=True)
def shown(x): return (x.float() - mean) / deviation

# What goes from stage to stage is a pair of streams, or the images. A stage is parameters, running statistics and a function of parameters,
# pair and statistics: with None a normalisation takes its batch's, with 'move' it moves the running ones too, with 'test' it takes these.
def uniform(shape, fan): return (2 * torch.rand(shape, generator=random) - 1) / math.sqrt(fan)

class Stage:
    def __init__(self, *convolutions):  # each: channels in, channels out, side; every one is normalised
        self.params, self.running = [], []
        for n, m, side in convolutions:
            self.params += [uniform((m, n, side, side), n * side ** 2), torch.ones(m), torch.zeros(m)]
            self.running.append((torch.zeros(m), torch.ones(m)))
        self.buffered = collections.deque()
        self.optimizer = None

    def normalised(self, p, k, z, statistics, stride=1):
        w, scale, shift = p[3 * k:3 * k + 3]
        z = F.conv2d(z, w, stride=stride, padding=w.shape[2] // 2)
        running = (None, None) if statistics is None else self.running[k]
        return F.batch_norm(z, *running, scale, shift, training=statistics != 'test', momentum=0.1, eps=1e-5)

    def residual(self, p, h, statistics, stride=1):
        a = self.normalised(p, 0, h, statistics, stride)
        return F.relu(self.normalised(p, 1, F.relu(a), statistics)), a

    def learn(self, gradients, lr):
        if self.optimizer is None:
            self.optimizer = torch.optim.Adam(self.params)
        for q, g in zip(self.params, gradients): q.grad = g
        self.optimizer.param_groups[0]['lr'] = lr
        self.optimizer.step()

class Stem(Stage):
    def run(self, p, h, statistics): return F.relu(self.normalised(p, 0, h[0], statistics)).chunk(2, 1)

class Reversible(Stage):
    def run(self, p, h, statistics): return h[1] + self.residual(p, h[0], statistics)[0], h[0]
    def invert(self, p, h): return h[1], h[0] - self.residual(p, h[1], None)[0]

class Halving(Stage):
    def run(self, p, h, statistics):
        f, a = self.residual(p, h[0], statistics, 2)
        return f + self.normalised(p, 2, h[1], statistics, 2), a

class Top(Stage):
    def __init__(self, D):
        super().__init__()
        self.params = [uniform((C, D), D), uniform((C,), D)]
    def run(self, p, h, statistics): return F.linear(torch.cat(h, 1).mean((2, 3)), *p)

stages = [Stem((3, 2 * o.width, 3))]
for factor in 1, 2, 4, 8:
    m = factor * o.width
    stages.append(Reversible((m, m, 3), (m, m, 3)) if factor == 1 else Halving((m // 2, m, 3), (m, m, 3), (m // 2, m, 1)))
    stages.append(Reversible((m, m, 3), (m, m, 3)))
stages.append(Top(16 * o.width))
J = len(stages)
if o.begin_as is not None:
    from safetensors.torch import load_file
    first = load_file(o.begin_as)
    for j, stage in enumerate(stages[:-1], start=1):
        names = ['weight'] if j == 1 else ['convolution_1.weight', 'convolution_2.weight', 'skip.weight'][:len(stage.params) // 3]
        stage.params[::3] = [first[f'blocks.{j}.{name}'] for name in names]
    stages[-1].params = [first['heads.1.feature_weight'][0], first['heads.1.output_bias'][0]]
losses = []

# The gradients of <d, run(p, h)>, or of the loss where d is labels: of the parameters, and of the pair.
def pull(stage, h, d):
    p, h = [q.detach().requires_grad_() for q in stage.params], [s.detach().requires_grad_() for s in h]
    out = stage.run(p, h, None)
    if isinstance(d, torch.Tensor):
        out, d = F.cross_entropy(out, d), None
        losses.append(out.item())
    found = torch.autograd.grad(out, p + h, d)
    return found[:len(p)], found[len(p):]

# Messages of one tick are read in the next. up[j]: (pair, labels) for stage j to go forth with; down[j]: (what it had handed on, the loss's
# gradient by it). A stage that cannot be inverted buffers what it was given until the gradients come.
up, down = {}, {}
def tick(lr, entering=None):
    global up, down
    came, returned, up, down = up, down, {}, {}
    if entering is not None: came[0] = entering
    for j, stage in enumerate(stages):
        gradients = None
        if j in came and j < J - 1:
            h, labels = came[j]
            if not isinstance(stage, Reversible): stage.buffered.append(h)
            with torch.no_grad(): up[j + 1] = stage.run(stage.params, h, 'move'), labels
        elif j in came:
            h, labels = came[j]
            gradients, d = pull(stage, h, labels)
            down[j - 1] = h, d
        if j in returned:
            h, d = returned[j]
            with torch.no_grad(): h = stage.invert(stage.params, h) if isinstance(stage, Reversible) else stage.buffered.popleft()
            gradients, d = pull(stage, h, d)
            if j > 0: down[j - 1] = h, d
        if gradients is not None: stage.learn(gradients, lr)

def step(lr, entering):
    h, labels = entering
    params = [[q.detach().requires_grad_() for q in s.params] for s in stages]
    for s, p in zip(stages, params): h = s.run(p, h, 'move')
    loss = F.cross_entropy(h, labels)
    losses.append(loss.item())
    found = list(torch.autograd.grad(loss, sum(params, [])))
    for s in stages:
        s.learn(found[:len(s.params)], lr)
        del found[:len(s.params)]

steps = -(-len(x) // o.batch); total = steps * o.epochs; warm = round(0.2 * steps)
for n in range(total):
    if n % steps == 0: order = permutation(len(x), ORDER, n // steps + 1)
    lr = o.lr * ((n + 1) / warm if n < warm else (1 + math.cos(math.pi * (n - warm) / (total - warm))) / 2)
    now = order[n % steps * o.batch:][:o.batch]
    (tick if o.method == 'petra' else step)(lr, ((shown(x[now]),), y[now]))
    while (n + 1) % steps == 0 and (up or down): tick(lr)

@torch.no_grad()
def classify(x):
    h = (shown(x),)
    for s in stages: h = s.run(s.params, h, 'test')
    return h.argmax(1)
said = torch.cat([classify(tx[i:i + 500]) for i in range(0, len(tx), 500)])
print(json.dumps({**vars(o), 'data': None, 'begin_as': o.begin_as is not None,
                  'losses': [np.mean(losses[i:i + steps]) for i in range(0, total, steps)], 'errors': float((said != ty).float().mean())}))
