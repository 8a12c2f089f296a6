"""Another implementation of the peers, on perceptrons and MNIST, in JAX: what baselines/ is compared with (docs/peers.md).

Written from the papers and the authors' public code, and sharing nothing with baselines/. It differs on purpose where the code does: Forward-Forward
sees pixels in [0, 1], signal propagation compares the images of a batch with the labels of the batch, HSIC's layers normalise by batch.

    python3 -m venv V && V/bin/pip install jax && V/bin/python reference.py ff DIR --epochs=3 --seed=1

DIR holds MNIST's four idx files, unpacked. Prints one line of JSON. No test runs it.
"""
import argparse
import json

import jax
import jax.numpy as jnp
import numpy as np

a = argparse.ArgumentParser()
a.add_argument('method', choices=['bp', 'fa', 'dfa', 'dni', 'dgl', 'ff', 'sigprop', 'hsic', 'noprop'])
a.add_argument('data')
for name, value in dict(images=60000, width=256, layers=3, epochs=3, batch=128, seed=1, lr=1e-3, beta=500., hidden=256).items():
    a.add_argument('--' + name, type=type(value), default=value)
o = a.parse_args()
C, keys = 10, iter(jax.random.split(jax.random.PRNGKey(o.seed), 1000))

def idx(name, head): return np.fromfile(f'{o.data}/{name}', np.uint8)[head:]
def load(part):
    x = idx(part + '-images-idx3-ubyte', 16).reshape(-1, 784).astype(np.float32) / 255
    return (x if o.method == 'ff' else (x - 0.1307) / 0.3081), idx(part + '-labels-idx1-ubyte', 8).astype(np.int32)

def dense(out, fan):
    u = lambda s: jax.random.uniform(next(keys), s, minval=-1, maxval=1) / np.sqrt(fan)
    return {'w': u((fan, out)), 'b': u((out,))}
def linear(p, x): return x @ p['w'] + p['b']
def layer(p, x): return jax.nn.relu(linear(p, x))
def cross_entropy(z, y): return -(jax.nn.log_softmax(z) * y).sum(1).mean()
stop = jax.lax.stop_gradient
sizes = [784] + [o.width] * o.layers
body = [dense(n, m) for m, n in zip(sizes, sizes[1:])]
one_hot = lambda y: jax.nn.one_hot(y, C)

# Each: parameters; loss(parameters, x, y one-hot, key), a sum of local losses; scores(parameters, x) [B, C].
def bp():
    def run(p, x):
        for q in p['body']: x = layer(q, x)
        return linear(p['head'], x)
    return {'body': body, 'head': dense(C, o.width)}, lambda p, x, y, k: cross_entropy(run(p, x), y), lambda p, x, k: run(p, x)

def dgl():
    def run(p, x):
        zs = []
        for q, h in zip(p['body'], p['heads']):
            x = layer(q, stop(x)); zs.append(linear(h, x))
        return zs
    p = {'body': body, 'heads': [dense(C, o.width) for _ in body]}
    return p, lambda p, x, y, k: sum(cross_entropy(z, y) for z in run(p, x)), lambda p, x, k: run(p, x)[-1]

def ff():  # Hinton 2022, 3.3; layer-wise threshold and the mean of both losses as in github.com/loeweX/Forward-Forward
    rms = lambda h: h / (jnp.sqrt((h ** 2).mean(1, keepdims=True)) + 1e-8)
    draw = lambda x, y: jnp.concatenate([y, x[:, C:]], 1)
    def goodness(p, x):
        gs = []
        for q in p:
            x = layer(q, stop(rms(x))); gs.append((x ** 2).sum(1))
        return gs
    def loss(p, x, y, k):
        wrong = one_hot((y.argmax(1) + jax.random.randint(k, (len(x),), 1, C)) % C)
        both = goodness(p, jnp.concatenate([draw(x, y), draw(x, wrong)]))
        sign = jnp.concatenate([jnp.ones(len(x)), -jnp.ones(len(x))])
        return sum(jax.nn.softplus(-sign * (g - o.width)).mean() for g in both)
    def scores(p, x, k):
        gs = [goodness(p, draw(x, jnp.tile(one_hot(c), (len(x), 1)))) for c in range(C)]
        return jnp.stack([sum(g[1:] if len(g) > 1 else g) for g in gs], 1)
    return body, loss, scores

def sigprop():  # images and labels of a batch, all pairs, as loss v9 of github.com/amassivek/signalpropagation
    def run(p, x, t):
        hs = [(layer(p['body'][0], x), jax.nn.relu(t @ p['s']['w'] + p['s']['b']))]
        for q in p['body'][1:]: hs.append(tuple(layer(q, stop(u)) for u in hs[-1]))
        return hs
    def loss(p, x, y, k):
        same = y @ y.T
        return sum(cross_entropy(h @ t.T, same / same.sum(1, keepdims=True)) for h, t in run(p, x, y))
    def scores(p, x, k):
        h, t = run(p, x, jnp.eye(C))[-1]
        return h @ t.T
    s = {'w': jax.random.normal(next(keys), (C, o.width)) * np.sqrt(2), 'b': jnp.zeros(o.width)}
    return {'body': body, 's': s}, loss, scores

def hsic():  # github.com/choasma/HSIC-bottleneck: linear, batch normalisation without factors, ReLU; sigma 5; read-out trained beside
    def kernel(u):
        d = ((u[:, None] - u[None]) ** 2).sum(2) if u.shape[1] <= C else (u ** 2).sum(1)[:, None] + (u ** 2).sum(1) - 2 * u @ u.T
        k = jnp.exp(-d / (2 * 25 * u.shape[1])); k = k - k.mean(1, keepdims=True)
        return k @ jnp.linalg.inv(k + 1e-5 * len(u) * jnp.eye(len(u)))
    def run(p, x, statistics=None):
        hs = []
        for i, q in enumerate(p['body']):
            z = linear(q, stop(x)); m, v = (z.mean(0), z.var(0)) if statistics is None else statistics[i]
            x = jax.nn.relu((z - m) / jnp.sqrt(v + 1e-5)); hs.append(x)
        return hs, linear(p['head'], stop(x))
    def loss(p, x, y, k):
        hs, z = run(p, x); rx, ry = kernel(x), kernel(y)
        return sum((kernel(h) * (rx - o.beta * ry).T).sum() for h in hs) + cross_entropy(z, y)
    def scores(p, x, k): return run(p, x)[1]  # batches of a thousand: their own statistics
    return {'body': body, 'head': dense(C, o.width)}, loss, scores

def noprop():  # Li et al. 2025: T = layers steps on shared features, the mean of the steps' posteriors as its equations have them
    T, s = 4, 0.008
    A = np.cos(np.pi / 2 * ((1 - np.arange(T + 1) / T) + s) / (1 + s)) ** 2; A[0] = 0
    def features(p, x):
        for q in p['body']: x = layer(q, x)
        return x
    def head(h, z, f): return jax.nn.softmax(linear(h[1], layer(h[0], jnp.concatenate([z, f], 1))))
    def loss(p, x, y, k):
        f, total = features(p, x), 0
        for t, (h, kk) in enumerate(zip(p['heads'], jax.random.split(k, T))):
            z = np.sqrt(A[t]) * y + np.sqrt(1 - A[t]) * jax.random.normal(kk, y.shape)
            total += ((head(h, z, f) - y) ** 2).sum(1).mean()
        return total
    def scores(p, x, k):
        f = features(p, x); ks = jax.random.split(k, T + 1); z = jax.random.normal(ks[0], (len(x), C))
        for t in range(1, T + 1):
            u, r, v = head(p['heads'][t - 1], z, f), A[t - 1] / A[t], 1 - A[t - 1]
            noise = np.sqrt((1 - A[t]) * (1 - r) / v) * jax.random.normal(ks[t], z.shape)
            z = np.sqrt(A[t]) * (1 - r) / v * u + np.sqrt(r) * (1 - A[t]) / v * z + noise
        return u
    return {'body': body, 'heads': [(dense(o.hidden, o.width + C), dense(C, o.hidden)) for _ in range(T)]}, loss, scores

def aligned(errors):  # feedback alignment's kind: each layer's product of its input and of an error that `errors` sends to it
    def run(p, x):
        hs = [x]
        for q in p['body']: hs.append(layer(q, hs[-1]))
        return hs, linear(p['head'], hs[-1])
    def loss(p, x, y, k):
        hs, z = run(p, x)
        e = stop((jax.nn.softmax(z) - y) / len(x))
        at = errors(e, hs)  # d l / d h_1 .. d h_n
        moves = sum((linear(q, stop(h)) * stop(d * (after > 0))).sum() for q, h, after, d in zip(p['body'], hs, hs[1:], at))
        return moves + (linear(p['head'], stop(hs[-1])) * e).sum()
    return {'body': body, 'head': dense(C, o.width)}, loss, lambda p, x, k: run(p, x)[1]

def fa():  # Lillicrap et al. 2016
    B = [jax.random.normal(next(keys), (n, m)) * np.sqrt(2 / m) for m, n in zip(sizes[1:], sizes[2:] + [C])]
    def errors(e, hs):
        at = [e @ B[-1]]
        for b, h in zip(B[-2::-1], hs[-1:1:-1]): at.insert(0, (at[0] * (h > 0)) @ b)
        return at
    return aligned(errors)

def dfa():  # Nokland 2016
    B = [jax.random.normal(next(keys), (C, o.width)) / np.sqrt(o.width) for _ in body]
    return aligned(lambda e, hs: [e @ b for b in B])

def dni():  # Jaderberg et al. 2017, conditioned on the label; an interface of one hidden layer, zero at first
    square = lambda: dense(o.width, o.width)
    M = [{'a': square(), 'y': jax.random.normal(next(keys), (C, o.width)), 'c': jax.tree.map(jnp.zeros_like, square())} for _ in body]
    def run(p, x):
        for q in p['body']: x = layer(q, x)
        return linear(p['head'], x)
    synthetic = lambda m, h, y: linear(m['c'], jax.nn.relu(linear(m['a'], h) + y @ m['y']))
    def loss(p, x, y, k):
        total, h, n = 0, x, len(x)
        tops = [lambda h, q=q, m=m: (layer(q, h) * stop(synthetic(m, layer(q, h), y)) / n).sum() for q, m in zip(p['body'], p['M'])]
        tops.append(lambda h: cross_entropy(linear(p['head'], h), y))
        for i, q in enumerate(p['body']):
            total += tops[i](stop(h))
            h = stop(layer(q, h))
            target = stop(jax.grad(tops[i + 1])(h)) * n
            total += ((synthetic(p['M'][i], h, y) - target) ** 2).mean()
        return total + tops[-1](h)
    return {'body': body, 'head': dense(C, o.width), 'M': M}, loss, lambda p, x, k: run(p, x)

params, loss, scores = globals()[o.method]()
x, y = load('train'); tx, ty = load('t10k')
x, y = x[:o.images], y[:o.images]
steps = len(x) // o.batch; total = steps * o.epochs; warm = int(0.2 * steps)
def step(state, batch):
    p, m, v, n = state
    x, y = batch
    l, g = jax.value_and_grad(loss)(p, x, one_hot(y), jax.random.fold_in(jax.random.PRNGKey(o.seed), n))
    lr = o.lr * jnp.where(n < warm, (n + 1) / warm, (1 + jnp.cos(jnp.pi * (n - warm) / (total - warm))) / 2)
    m = jax.tree.map(lambda m, g: .9 * m + .1 * g, m, g); v = jax.tree.map(lambda v, g: .999 * v + .001 * g * g, v, g)
    move = lambda p, m, v: p - lr * (m / (1 - .9 ** (n + 1))) / (jnp.sqrt(v / (1 - .999 ** (n + 1))) + 1e-8)
    return (jax.tree.map(move, p, m, v), m, v, n + 1), l
epoch = jax.jit(lambda state, x, y: jax.lax.scan(step, state, (x, y)))
zero = jax.tree.map(jnp.zeros_like, params); state = (params, zero, zero, 0); random = np.random.default_rng(o.seed)
for _ in range(o.epochs):
    at = random.permutation(len(x))[:steps * o.batch].reshape(steps, o.batch)
    state, l = epoch(state, x[at], y[at])
classify = jax.jit(lambda x, k: scores(state[0], x, k).argmax(1))
said = np.concatenate([np.array(classify(tx[i:i + 1000], jax.random.PRNGKey(i))) for i in range(0, len(tx), 1000)])
print(json.dumps({**vars(o), 'data': None, 'errors': float((said != ty).mean())}))
