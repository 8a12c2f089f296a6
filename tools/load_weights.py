#!/usr/bin/env python3
"""The networks of this project in PyTorch: from a run's weights.safetensors to a torch.nn.Module, and back.

Usage: tools/load_weights.py RUN            shows the network, and the pixels' statistics

    from load_weights import load, normalised, save
    network, settings = load("runs/sid-cifar100")                  # --out of a run, or a weights.safetensors
    log_beliefs = network(normalised(images, "runs/sid-cifar100"))  # uint8 [N, channels, h, w] -> log p_0 .. log p_L [L+1, N, C]
    save(network.state_dict(), "mine.safetensors", settings)        # for --weights=mine.safetensors

It needs nothing but torch and safetensors. Names of parameters are the file's, so that network.state_dict() has what a file has.
Widths, heads and classes are seen from the tensors' shapes; what they do not tell stands in the file's metadata.
"""

import json
import pathlib
import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

SETTINGS = ("network", "partition", "depth", "belief_update", "feature_scale")
EARLIER = {"feature_scale": "1"}  # what files say that are older than the setting
HEAD_SIDE = 8  # rows and columns of the maps that a convolutional head sees, at most
VIT_HEAD_WIDTH = 64
RESNET18_STRIDES = [1, 1, 2, 1, 2, 1, 2, 1]


def batch_norm(channels):
    norm = nn.BatchNorm2d(channels)
    norm.num_batches_tracked = None  # the file has none
    return norm


def layer_norm(width):
    return nn.LayerNorm(width, eps=1e-6)


class Convolution(nn.Conv2d):
    """3x3, normalised where there are the tensors for it, the largest of four where it is pooled, ReLU."""

    def __init__(self, tensors, pooled):
        channels, before = tensors["weight"].shape[:2]
        super().__init__(before, channels, 3, padding=1, bias="bias" in tensors)
        self.normalisation = batch_norm(channels) if "normalisation.weight" in tensors else nn.Identity()
        self.pooled = pooled

    def forward(self, x):
        y = self.normalisation(super().forward(x))
        return functional.relu(functional.max_pool2d(y, 2) if self.pooled and min(y.shape[2:]) > 1 else y)


class Features(nn.Linear):
    """The mean over the positions, a linear layer, ReLU."""

    def __init__(self, tensors):
        super().__init__(*reversed(tensors["weight"].shape))

    def forward(self, x):
        return functional.relu(super().forward(x.mean((2, 3))))


class Residual(nn.Module):
    """x + two normalised convolutions, each with its ReLU."""

    def __init__(self, tensors):
        super().__init__()
        channels = tensors["convolution_1.weight"].shape[0]
        self.convolution_1, self.convolution_2 = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in "12")
        self.normalisation_1, self.normalisation_2 = batch_norm(channels), batch_norm(channels)

    def forward(self, x):
        y = functional.relu(self.normalisation_1(self.convolution_1(x)))
        return x + functional.relu(self.normalisation_2(self.convolution_2(y)))


class BasicBlock(nn.Module):
    """ResNet-18's."""

    def __init__(self, tensors, stride):
        super().__init__()
        channels, before = tensors["convolution_1.weight"].shape[:2]
        self.convolution_1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
        self.convolution_2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.normalisation_1, self.normalisation_2 = batch_norm(channels), batch_norm(channels)
        self.projected = "skip.weight" in tensors
        if self.projected:
            self.skip = nn.Conv2d(before, channels, 1, stride, bias=False)
            self.skip_normalisation = batch_norm(channels)

    def forward(self, x):
        y = functional.relu(self.normalisation_1(self.convolution_1(x)))
        skip = self.skip_normalisation(self.skip(x)) if self.projected else x
        return functional.relu(self.normalisation_2(self.convolution_2(y)) + skip)


class RevBlock(BasicBlock):
    """RevNet-18's: channels are two streams, of which the first goes through BasicBlock's layers."""

    def forward(self, x):
        first, second = x.chunk(2, 1)
        a = self.normalisation_1(self.convolution_1(first))
        f = functional.relu(self.normalisation_2(self.convolution_2(functional.relu(a))))
        if not self.projected:
            return torch.cat([second + f, first], 1)
        return torch.cat([self.skip_normalisation(self.skip(second)) + f, a], 1)


class Patches(nn.Conv2d):
    """An image as tokens, behind a class token: [B, patches + 1, width]."""

    def __init__(self, tensors):
        width, channels, patch = tensors["weight"].shape[:3]
        super().__init__(channels, width, patch, patch)
        self.class_token = nn.Parameter(torch.empty(width))
        self.positions = nn.Parameter(torch.empty(tensors["positions"].shape))

    def forward(self, x):
        tokens = super().forward(x).flatten(2).transpose(1, 2)
        return torch.cat([self.class_token.expand(len(x), 1, -1), tokens], 1) + self.positions


class Transformer(nn.Module):
    """A layer of the Vision Transformer."""

    def __init__(self, tensors):
        super().__init__()
        width = tensors["projection.weight"].shape[0]
        self.heads = width // VIT_HEAD_WIDTH
        self.norm_1, self.norm_2 = layer_norm(width), layer_norm(width)
        self.attention, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp_1, self.mlp_2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        q, k, v = self.attention(self.norm_1(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = x + self.projection(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return y + self.mlp_2(functional.gelu(self.mlp_1(self.norm_2(y))))


class ReadOut(nn.Module):
    """What the heads of a stage see of its output, times `scale`: of maps the mean, the largest or, for convolutional heads, maps."""

    def __init__(self, tensors, network, convolves, scale):
        super().__init__()
        self.largest, self.convolves, self.scale = network == "resnet9", convolves, scale
        if "norm.weight" in tensors:
            self.norm = layer_norm(tensors["norm.weight"].shape[0])

    def forward(self, h):
        return self.scale * self.read(h)

    def read(self, h):
        if h.dim() == 3:
            return self.norm(h[:, 0])
        if h.dim() == 2:
            return h
        if self.convolves:
            window = [-(-side // HEAD_SIDE) for side in h.shape[2:]]
            return functional.max_pool2d(h, window) if max(window) > 1 else h
        return h.amax((2, 3)) if self.largest else h.mean((2, 3))


class Heads(nn.Module):
    """The heads of a stage's modules, stacked: log p_{i-1}, z -> log p_i, one after the other."""

    def __init__(self, tensors, residual):
        super().__init__()
        self.residual = residual
        for name in ("belief_weight", "feature_weight", "hidden_bias", "output_weight", "output_bias"):
            self.register_parameter(name, nn.Parameter(torch.empty(tensors[name].shape)) if name in tensors else None)

    def one(self, i, log_q, z):
        bias = (self.output_bias if self.hidden_bias is None else self.hidden_bias)[i]
        weight = self.feature_weight[i]
        first = functional.linear(z, weight, bias) if weight.dim() == 2 else functional.conv2d(z, weight, padding=1).amax((2, 3)) + bias
        if self.belief_weight is not None:
            first = first + functional.linear(log_q.exp(), self.belief_weight[i])
        output = first if self.output_weight is None else functional.linear(first.relu(), self.output_weight[i], self.output_bias[i])
        return (log_q + output if self.residual else output).log_softmax(1)

    def forward(self, log_q, z):
        log_beliefs = []
        for i in range(len(self.output_bias)):
            log_q = self.one(i, log_q, z)
            log_beliefs.append(log_q)
        return log_beliefs


def architecture(network, tensors_of):
    """The blocks of a network, as sid/network/architectures.cc lists them; tensors_of(number) are a block's, from 1."""
    def convolutions(pooled):
        return [Convolution(tensors_of(number), pools == "p") for number, pools in enumerate(pooled, 1)]

    if network == "simple-cnn":
        return [*convolutions(".p.p"), Features(tensors_of(5))]
    if network == "vgg11":
        return convolutions("pp.p.p.p")
    if network == "resnet9":
        made = {number: Residual(tensors_of(number)) for number in (3, 6)}
        return [made.get(number) or Convolution(tensors_of(number), number != 1) for number in range(1, 7)]
    if network in ("resnet18", "revnet18"):
        block = BasicBlock if network == "resnet18" else RevBlock
        return [*convolutions("."), *(block(tensors_of(number), stride) for number, stride in enumerate(RESNET18_STRIDES, 2))]
    if network == "vit-tiny":
        return [Patches(tensors_of(1)), *(Transformer(tensors_of(number)) for number in range(2, 14))]
    raise ValueError(f"there is no network '{network}'; there are simple-cnn, vgg11, resnet9, resnet18, revnet18, vit-tiny")


class Network(nn.Module):
    """Stages of blocks, a read-out and heads each; `settings` say SETTINGS."""

    def __init__(self, tensors, settings):
        super().__init__()
        def of(prefix):
            return {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}

        blocks = architecture(settings["network"], lambda number: of(f"blocks.{number}."))
        owned = [len(blocks)] if settings["partition"] == "shared" else [int(count) for count in settings["partition"].split(",")]
        # A stage: the number of its first module, its blocks. Modules without blocks have their heads in the stage before.
        self.stages, done = [], 0
        for module, count in enumerate(owned, 1):
            if count > 0:
                self.stages.append((str(module), range(done, done + count)))
                done += count
        self.classes = tensors["heads.1.output_bias"].shape[1]
        convolves = tensors["heads.1.feature_weight"].dim() == 5
        self.blocks = nn.ModuleDict({str(number): block for number, block in enumerate(blocks, 1)})
        scale = float(settings["feature_scale"])
        self.read_out = nn.ModuleDict({module: ReadOut(of(f"read_out.{module}."), settings["network"], convolves, scale) for module, _ in self.stages})
        self.heads = nn.ModuleDict({module: Heads(of(f"heads.{module}."), settings["belief_update"] == "residual") for module, _ in self.stages})

    def forward(self, x):
        """log p_0 .. log p_L, [L+1, B, C]."""
        log_beliefs = [torch.full((len(x), self.classes), 1 / self.classes, dtype=x.dtype, device=x.device).log()]
        for module, owned in self.stages:
            for block in owned:
                x = self.blocks[str(block + 1)](x)
            log_beliefs += self.heads[module](log_beliefs[-1], self.read_out[module](x))
        return torch.stack(log_beliefs)


def put(tensors, network):
    """Copies all tensors over the network's own; an error names those that do not fit. load_state_dict would count batches, which no file has."""
    own = network.state_dict()
    wrong = [name for name in sorted({*own, *tensors}) if name not in own or name not in tensors or own[name].shape != tensors[name].shape]
    if wrong:
        raise ValueError(f"these do not make a network of these settings: {', '.join(wrong)}")
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)


def file_of(path):
    path = pathlib.Path(path)
    return path / "weights.safetensors" if path.is_dir() else path


def load(path):
    """(Network in evaluation mode, its settings as texts) of a run's folder or of a weights.safetensors."""
    with safe_open(file_of(path), framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        metadata = {**EARLIER, **(file.metadata() or {})}
    missing = [name for name in SETTINGS if name not in metadata]
    if missing:
        raise ValueError(f"{path} is no run's weights.safetensors: its metadata have no {', '.join(missing)}")
    settings = {name: metadata[name] for name in SETTINGS}
    network = Network(tensors, settings)
    put(tensors, network)
    return network.eval(), settings


def normalised(images, run):
    """uint8 images [N, channels, h, w] as a network of the run's folder wants them."""
    pixels = json.loads((pathlib.Path(run) / "config.json").read_text(encoding="utf-8"))["pixels"]
    mean, deviation = (torch.tensor(pixels[name]).view(1, -1, 1, 1) for name in ("mean", "standard_deviation"))
    return (images.float() - mean) / deviation


def save(state_dict, path, settings):
    """Writes a state of such a Network for --weights; tensors that do not make a network of these settings raise an error."""
    tensors = {name: tensor.detach().float().cpu().contiguous().clone() for name, tensor in state_dict.items()}
    put(tensors, Network(tensors, settings))
    save_file(tensors, path, metadata={"format": "pt", **{name: str(settings[name]) for name in SETTINGS}})


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    network, settings = load(sys.argv[1])
    print(network)
    print(", ".join(f"{name} {value}" for name, value in settings.items()) + f", {sum(p.numel() for p in network.parameters())} weights")


if __name__ == "__main__":
    main()
