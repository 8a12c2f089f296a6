#!/usr/bin/env python3
"""Python's safetensors package writes a file, our code copies it, the package reads the copy."""

import json
import os
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["TEST_SRCDIR"], "wheels", "python"))
import safetensors  # noqa: E402

COPY = "base/safetensors/copy_safetensors"
ELEMENT_SIZES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2, "I64": 8, "I32": 4, "U8": 1, "BOOL": 1}
# Python spells the types out when it writes, and abbreviates them when it reads.
LONG_NAMES = {
    "F64": "float64",
    "F32": "float32",
    "BF16": "bfloat16",
    "F16": "float16",
    "I64": "int64",
    "I32": "int32",
    "U8": "uint8",
    "BOOL": "bool",
}
METADATA = {"epoch": "3", "config": '{"alpha": 0.5}', "name": "Größe\n"}


def example_tensors():
    """A tensor of each type with distinct bytes, an empty one and a scalar: name -> (type, shape, bytes)."""
    tensors = {}
    for type_name, size in ELEMENT_SIZES.items():
        values = bytes(i % 2 if type_name == "BOOL" else (37 * i + size) % 256 for i in range(3 * 5 * size))
        tensors["cascade." + type_name.lower()] = (type_name, [3, 5], values)
    tensors["empty"] = ("F32", [0, 4], b"")
    tensors["scalar"] = ("I64", [], struct.pack("<q", -7))
    return tensors


class SafetensorsTest(unittest.TestCase):
    def setUp(self):
        self.tensors = example_tensors()
        written = os.path.join(os.environ["TEST_TMPDIR"], "python.safetensors")
        self.copied = os.path.join(os.environ["TEST_TMPDIR"], "copy.safetensors")
        described = {
            name: {"dtype": LONG_NAMES[type_name], "shape": shape, "data": data}
            for name, (type_name, shape, data) in self.tensors.items()
        }
        safetensors.serialize_file(described, written, METADATA)
        subprocess.run([COPY, written, self.copied], check=True)

    def test_every_tensor_survives(self):
        with open(self.copied, "rb") as file:
            read = dict(safetensors.deserialize(file.read()))
        self.assertEqual(set(read), set(self.tensors))
        for name, (type_name, shape, data) in self.tensors.items():
            found = read[name]["dtype"], list(read[name]["shape"]), bytes(read[name]["data"])
            self.assertEqual(found, (type_name, shape, data), name)

    def test_metadata_survives_and_data_is_aligned(self):
        with open(self.copied, "rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            header = json.loads(file.read(length))
        self.assertEqual(header.pop("__metadata__"), METADATA)
        for name, entry in header.items():
            begin = 8 + length + entry["data_offsets"][0]
            self.assertEqual(begin % ELEMENT_SIZES[entry["dtype"]], 0, name)


if __name__ == "__main__":
    unittest.main()
