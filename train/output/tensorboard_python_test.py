#!/usr/bin/env python3
"""TensorBoard's own reader reads the events of a run of //:train, and finds in them what metrics.jsonl says."""

import json
import math
import os
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["TEST_SRCDIR"], "wheels", "python"))
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader  # noqa: E402

FOLDER = os.environ["TEST_TMPDIR"]
RUN = os.path.join(FOLDER, "run")
EVENTS = os.path.join(RUN, "events.out.tfevents.sid")


def write_digits(name, count):
    """MNIST's files with `count` digits: image i is of one gray level that tells its class, i modulo 10."""
    with open(os.path.join(FOLDER, name + "-images-idx3-ubyte"), "wb") as file:
        file.write(struct.pack(">IIII", 0x803, count, 28, 28))
        file.write(b"".join(bytes([25 * (i % 10)]) * 28 * 28 for i in range(count)))
    with open(os.path.join(FOLDER, name + "-labels-idx1-ubyte"), "wb") as file:
        file.write(struct.pack(">II", 0x801, count) + bytes(i % 10 for i in range(count)))


def read_scalars(path):
    """step -> tag -> value, as TensorBoard would draw them."""
    scalars = {}
    for event in EventFileLoader(path).Load():
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars", value
            scalars.setdefault(event.step, {})[value.tag] = value.tensor.float_val[0]
    return scalars


class TensorboardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        write_digits("train", 100)
        write_digits("t10k", 20)
        subprocess.run(
            ["train/train", "--dataset=mnist", "--data_dir=" + FOLDER, "--validation_fraction=0.2", "--depth=3"]
            + ["--epochs=2", "--batch_size=16", "--hidden=16", "--features=16", "--device=cpu", "--threads=1"]
            + ["--probe_every=4", "--out=" + RUN],
            check=True,
        )
        with open(os.path.join(RUN, "metrics.jsonl")) as file:
            lines = [json.loads(line) for line in file]
        cls.probes = {line["probe"]: line for line in lines if "probe" in line}
        cls.epochs = {line["epoch"]: line for line in lines if "epoch" in line}
        cls.scalars = read_scalars(EVENTS)

    def test_every_probe_is_there(self):
        self.assertEqual(sorted(self.probes), [0, 4, 8])  # two epochs of five steps
        self.assertEqual(sorted(step for step in self.scalars if "theory/largest_excess" in self.scalars[step]), [0, 4, 8])

    def test_every_epoch_is_there(self):
        for epoch, line in self.epochs.items():
            scalars = self.scalars[epoch]
            self.assertAlmostEqual(scalars["epoch/train_loss"], line["train_loss"], places=6)
            self.assertAlmostEqual(scalars["epoch/learning_rate"], line["learning_rate"], places=8)
            self.assertAlmostEqual(scalars["validation_accuracy/0003"], line["validation_accuracy"][2], places=6)
            self.assertAlmostEqual(scalars["validation_divergence/0001"], line["validation_divergence"][0], places=6)

    def test_values_are_those_of_metrics(self):
        for step, probe in self.probes.items():
            scalars = self.scalars[step]
            for name, first in (("divergence", 0), ("failure", 1), ("staleness", 1), ("gradient_norm", 1)):
                for k, value in enumerate(probe[name]):
                    tag = "%s/%04d" % (name, first + k)
                    self.assertTrue(math.isclose(scalars[tag], value, rel_tol=1e-6, abs_tol=1e-30), tag)
            self.assertAlmostEqual(scalars["conflict/agreement"], probe["agreement"], places=6)
            self.assertLessEqual(scalars["theory/largest_excess"], 1e-9)
            self.assertEqual(len(probe["cosine"]), 3)

    def test_the_reader_does_check(self):
        """With one bit wrong in the second probe's record only the first is read: the checksums are looked at."""
        with open(EVENTS, "rb") as file:
            data = bytearray(file.read())
        begin = 0
        for _ in range(2):  # the version and the first probe
            begin += 16 + struct.unpack_from("<Q", data, begin)[0]
        data[begin + 40] ^= 1
        damaged = os.path.join(FOLDER, "events.out.tfevents.damaged")
        with open(damaged, "wb") as file:
            file.write(data)
        self.assertEqual(sorted(read_scalars(damaged)), [0])


if __name__ == "__main__":
    unittest.main()
