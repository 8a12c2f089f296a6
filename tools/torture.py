#!/usr/bin/python3
"""Kills a training run at random moments until it has ended, and compares it with one that nobody killed.

Usage: ./tools/bazel run //tools:torture -- --kills=1000

Every start gets a random time to live, up to a little more than an unbroken run takes, then SIGKILL; the next start
goes on with --resume. When a run has ended its weights, metrics and summary must be those of the unbroken run, bit for
bit, times apart; then the next run begins, until there were as many kills as asked for.
"""

import argparse
import collections
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time

TRAIN = "train/train"
FLAGS = (
    "--dataset=mnist --depth=2 --hidden=16 --features=16 --epochs=3 --batch_size=20 --device=cpu --threads=1 "
    "--checkpoint_every=1 --keep_checkpoints=2 --probe_every=4 --resume"
).split()


def write_digits(folder):
    """A data set in MNIST's files that trains in a moment: image i has one gray level, which tells its class."""
    for part, count in (("train", 100), ("t10k", 20)):
        classes = [i % 10 for i in range(count)]
        images = struct.pack(">IIII", 0x803, count, 28, 28) + b"".join(bytes([25 * c]) * 784 for c in classes)
        (folder / (part + "-images-idx3-ubyte")).write_bytes(images)
        (folder / (part + "-labels-idx1-ubyte")).write_bytes(struct.pack(">II", 0x801, count) + bytes(classes))


def start(out, seconds=None):
    """Runs the trainer to its end, or to SIGKILL after `seconds`.

    Returns its exit code, None when it was killed, and what it printed. The data lie beside `out`.
    """
    flags = [*FLAGS, "--data_dir=%s" % out.parent, "--out=%s" % out]
    process = subprocess.Popen([TRAIN, *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        # It may have ended by itself between the two.
        if process.returncode == -9:
            return None, output
    return process.returncode, output


def result(out):
    """What a run leaves, without times."""
    weights = (out / "weights.safetensors").read_bytes()
    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    records.append(json.loads((out / "summary.json").read_text()))
    for record in records:
        record.pop("seconds", None)  # a probe's has none
    return weights, records


def where(out):
    """In what a killed run was: what it left half done, or how far its checkpoints are."""
    if list(out.glob("checkpoints/*.part-*")):
        return "while writing a checkpoint"
    if list(out.glob("*.part-*")):
        return "while writing another file"
    if (out / "summary.json").exists():
        return "after the end"
    return "in training" if list(out.glob("checkpoints/*")) else "before the first checkpoint"


def kills_and_seed(name, description, **numbers):
    """The command line's; `numbers` are options besides, with their defaults."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    for number, default in numbers.items():
        parser.add_argument("--" + number, type=int, default=default)
    options = parser.parse_args()
    print("%s: --seed=%d" % (name, options.seed), flush=True)
    return options


def main():
    options = kills_and_seed("torture", __doc__)
    moments = random.Random(options.seed)
    kills, runs, places = 0, 0, collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        write_digits(pathlib.Path(folder))
        unbroken = pathlib.Path(folder) / "unbroken"
        begin = time.monotonic()
        code, output = start(unbroken)
        if code != 0:
            sys.exit("torture: the unbroken run failed with code %s:\n%s" % (code, output))
        longest = 1.2 * (time.monotonic() - begin)
        expected = result(unbroken)
        while kills < options.kills:
            runs += 1
            out = pathlib.Path(folder) / ("run-%d" % runs)
            code = None
            while code is None:
                enough = kills >= options.kills
                code, output = start(out, None if enough else moments.uniform(0, longest))
                if code is None:
                    kills += 1
                    places[where(out)] += 1
                elif code != 0:
                    sys.exit("torture: after %d kills a resumed run failed with code %d:\n%s" % (kills, code, output))
                if "is damaged" in output or "no whole safetensors" in output:
                    sys.exit("torture: after %d kills a checkpoint is broken:\n%s" % (kills, output))
            if result(out) != expected:
                sys.exit("torture: after %d kills run %d differs from the unbroken one" % (kills, runs))
            print("torture: %d kills, run %d has the bits of the unbroken one" % (kills, runs), flush=True)
    print("torture: %d kills in %d runs, each of which gave the bits of the unbroken one" % (kills, runs))
    for place, count in places.most_common():
        print("  %5d %s" % (count, place))


if __name__ == "__main__":
    main()
