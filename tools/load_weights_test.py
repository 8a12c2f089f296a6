#!/usr/bin/env python3
"""tools/load_weights.py predicts what C++ predicts, of every network, and writes what --weights takes.

It needs a Python with torch and safetensors: python3, or the one that --test_env=SID_PYTHON=PATH names.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path("tools").resolve()
TRAIN = "train/train"
# Every network; among them every head, partition, way to update the belief, heads that see none, and scaled features.
NETWORKS = [
    ("simple-cnn", "shared:3", "mlp", "replace", "1", "1"),
    ("simple-cnn", "even:2", "conv", "residual", "1", "1"),
    ("simple-cnn", "3,0,2", "linear", "replace", "1", "1"),
    ("vgg11", "even:4", "mlp", "replace", "0", "1"),
    ("vgg11", "shared:2", "linear", "residual", "1", "1"),
    ("resnet9", "even:3", "conv", "replace", "1", "0.125"),
    ("resnet9", "2,0,2,0,2", "mlp", "residual", "1", "1"),
    ("resnet18", "lean:4", "conv", "replace", "0", "1"),
    ("resnet18", "even:9", "linear", "replace", "1", "1"),
    ("revnet18", "lean:4", "conv", "residual", "1", "1"),
    ("revnet18", "shared:2", "linear", "replace", "0", "0.125"),
    ("vit-tiny", "even:4", "mlp", "replace", "1", "1"),
    ("vit-tiny", "shared:2", "linear", "residual", "1", "0.125"),
]
RUN = ["--train_images=300", "--threads=1", "--device=cpu", "--network=resnet9", "--width=4", "--partition=even:2", "--head=conv"]


def python_with_torch():
    for python in filter(None, (os.environ.get("SID_PYTHON"), shutil.which("python3"))):
        if subprocess.run([python, "-c", "import torch, safetensors.torch"], capture_output=True, check=False).returncode == 0:
            return python
    return None


class ThroughPyTorch(unittest.TestCase):
    """Runs in the Python that has torch."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))

    def train(self, *flags):
        return subprocess.run([TRAIN, *RUN, *flags], capture_output=True, text=True, check=True).stdout

    def test_predicts_what_cpp_predicts(self):
        import torch
        from safetensors.torch import load_file

        import load_weights

        for number, settings in enumerate(NETWORKS):
            folder = pathlib.Path(self.folder, str(number))
            folder.mkdir()
            subprocess.run(["tools/predictions_for_tests", *settings, folder], check=True)
            network, _ = load_weights.load(folder)
            told = load_file(folder / "predictions.safetensors")
            with torch.no_grad():
                log_beliefs = network(told["images"])
            self.assertEqual(log_beliefs.shape, told["log_beliefs"].shape, settings)
            self.assertLess((log_beliefs.exp() - told["log_beliefs"].exp()).abs().max().item(), 1e-5, settings)
            self.assertGreater(log_beliefs[-1].std().item(), 0.1, settings)
            network.load_state_dict(network.state_dict())

    def test_what_it_writes_is_taken_as_weights(self):
        import load_weights

        run = pathlib.Path(self.folder, "run")
        shown = self.train("--epochs=1", f"--out={run}")
        network, settings = load_weights.load(run)
        load_weights.save(network.state_dict(), run / "mine.safetensors", settings)
        again = self.train("--epochs=0", f"--weights={run}/mine.safetensors")
        rows = [line for line in shown.splitlines() if line.startswith("      ")]
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows, [line for line in again.splitlines() if line.startswith("      ")][-2:])

    def test_images_are_normalised_as_in_the_run(self):
        import torch

        import load_weights

        run = pathlib.Path(self.folder, "run")
        self.train("--epochs=1", f"--out={run}")
        pixels = load_weights.normalised(torch.zeros(1, 1, 2, 2, dtype=torch.uint8), run)
        self.assertTrue(-3 < pixels[0, 0, 0, 0] < 0, pixels)  # black is below the mean

    def test_refuses_what_makes_no_network(self):
        import load_weights

        run = pathlib.Path(self.folder, "run")
        self.train("--epochs=1", f"--out={run}")
        network, settings = load_weights.load(run)
        state = network.state_dict()
        state["heads.1.more"] = state["heads.1.output_bias"]
        with self.assertRaisesRegex(ValueError, "heads.1.more"):
            load_weights.save(state, run / "mine.safetensors", settings)
        with self.assertRaisesRegex(ValueError, "no network 'resnet7'"):
            load_weights.save(network.state_dict(), run / "mine.safetensors", {**settings, "network": "resnet7"})


if __name__ == "__main__":
    sys.path.insert(0, str(TOOLS))
    sys.dont_write_bytecode = True
    if "--here" in sys.argv:
        sys.argv.remove("--here")
        unittest.main()
    python = python_with_torch()
    if python is None:
        print("SKIPPED: there is no Python with torch and safetensors; name one by --test_env=SID_PYTHON=PATH")
        sys.exit(0)
    os.execv(python, [python, __file__, "--here"])
