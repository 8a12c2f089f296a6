#!/usr/bin/python3
"""Says whether two builds of //:train move every weight to the same bits: what guards a refactoring that should change no number.

Usage: tools/golden.py BEFORE AFTER      (two programs: bazel-bin/train/train of two commits, on one machine: bits differ between processors)

Each trains every learner, executor and option below for five steps on digits that come with the source, and their weights are compared
tensor by tensor. Tensors are matched by name, or, where a refactoring renamed them, by --rename=OLD:NEW, as often as needed.
"""

import argparse
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

FLAGS = (
    "--dataset=mnist-mini --epochs=1 --train_images=180 --validation_fraction=0.1 --batch_size=32 --threads=1 --device=cpu --depth=5 "
    "--hidden=32 --features=24 --seed=3"
).split()
RUNS = [
    "--executor=serial",
    "--executor=batched",
    "--executor=batched --chunk=2",
    "--executor=batched --precision=bf16",
    "--executor=serial --precision=bf16",
    "--executor=batched --divergence=reverse --smoothing=0.1 --alpha=1:0.2",
    "--executor=batched --belief_update=residual --initialisation=identity",
    "--executor=batched --extractor_gradient=pcgrad",
    "--executor=serial --extractor_gradient=pcgrad",
    "--executor=serial --extractor_gradient=mean",
    "--executor=batched --extractor_gradient=none --weight_decay=0.01",
    "--executor=batched --optimizer=sgd --lr=0.02 --weight_decay=1e-3",
    "--executor=batched --clip_norm=0.5",
    "--initialisation=lsuv",
    "--initialisation=pytorch --optimizer=adamw --weight_decay=0.01",
    "--initialisation=xavier",
    "--learner=bp-chain",
    "--learner=bp-chain --precision=bf16",
    "--learner=bp-chain --depth=20",
    "--learner=bp-deep",
    "--learner=bp-deep --belief_update=residual",
    "--learner=bp-head",
    "--learner=bp-chain-checkpoint",
    "--learner=bp-chain-checkpoint --precision=bf16 --smoothing=0.1",
]


def weights(program, flags, folder):
    """Name -> (shape, bytes) after a run of `program`."""
    command = [program, *FLAGS, *flags.split(), f"--out={folder}"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"golden: {' '.join(command)}: {run.stderr.strip()}")
    data = (pathlib.Path(folder) / "weights.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    begin = 8 + size
    return {
        name: (entry["shape"], data[begin + entry["data_offsets"][0] : begin + entry["data_offsets"][1]])
        for name, entry in header.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--rename", action="append", default=[], metavar="OLD:NEW", help="the beginning of a tensor's name")
    options = parser.parse_args()
    different = 0
    for flags in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            old = weights(options.before, flags, folder + "/before")
            new = weights(options.after, flags, folder + "/after")
        for pair in options.rename:
            was, now = pair.split(":")
            old = {now + name[len(was) :] if name.startswith(was) else name: value for name, value in old.items()}
        names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        print(flags, "the same bits" if not names else "OTHER: " + ", ".join(names), flush=True)
        different += bool(names)
    print(f"{len(RUNS) - different} of {len(RUNS)} runs have the same bits")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
