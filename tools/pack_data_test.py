#!/usr/bin/python3
"""tools/pack_data.py on random records: what comes back is what was there, bit for bit, and what is damaged or missing is told."""

import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import numpy

sys.path.insert(0, "tools")
import pack_data  # noqa: E402


def write(folder, name, count, labels, numbers):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(numbers.integers(0, 256, (count, labels + 3072), numpy.uint8).tobytes())


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def says(part, work, *arguments):
    try:
        work(*arguments)
    except SystemExit as error:
        assert part in str(error), f"no '{part}' in: {error}"
        return
    raise AssertionError(f"nothing said '{part}'")


def main():
    if not (shutil.which("cjxl") and shutil.which("djxl")):
        print("SKIPPED: no cjxl and djxl here (apt-get install libjxl-tools)")
        return
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    numbers = numpy.random.default_rng(seed)
    pack_data.PICTURES = 150  # so that few records fill several atlases, and rows of them in part
    with tempfile.TemporaryDirectory() as name:
        world = pathlib.Path(name)
        data, packed, back = world / "data", world / "packed", world / "back"
        write(data / "cifar-10-batches-bin", "data_batch_1.bin", 150, 1, numbers)
        write(data / "cifar-10-batches-bin", "test_batch.bin", 1, 1, numbers)
        write(data / "cifar-100-binary", "train.bin", 370, 2, numbers)
        (data / "cifar-100-binary/fine_label_names.txt").write_text("apple\n")
        pack_data.pack(data, packed)
        atlases = sorted(path.name for path in (packed / "cifar-100-binary").glob("*.jxl"))
        assert atlases == ["train.bin.0.jxl", "train.bin.1.jxl", "train.bin.2.jxl"], atlases
        pack_data.unpack(packed, back)
        assert files(back) == files(data)

        # Records of gray that change from row to row: their picture is one only where planes, rows and columns are where they should be.
        gradient = numpy.arange(3072, dtype=numpy.uint32).astype(numpy.uint8)
        assert len(gradient) == 3072
        smooth = world / "smooth/cifar-10-batches-bin"
        smooth.mkdir(parents=True)
        (smooth / "test_batch.bin").write_bytes(b"".join(b"\7" + bytes(numpy.roll(gradient, k)) for k in range(300)))
        pack_data.pack(world / "smooth", world / "smaller")
        size = sum(path.stat().st_size for path in (world / "smaller").rglob("*.jxl"))
        assert size < 300 * 3072 / 4, size

        shutil.rmtree(back)
        labels = packed / "cifar-100-binary/train.bin.labels"
        labels.write_bytes(bytes(370 * 2))
        says("its SHA-256 differs", pack_data.unpack, packed, back)
        assert not (back / "cifar-100-binary/train.bin").exists()
        (packed / "cifar-100-binary/train.bin.1.jxl").unlink()
        says("lacks train.bin.1.jxl", pack_data.unpack, packed, back)
        says("none of cifar-10-batches-bin", pack_data.pack, world / "nothing", packed)
        says("no packed.json", pack_data.unpack, data, back)
        (data / "cifar-100-binary/train.bin").write_bytes(bytes(3000))
        says("train.bin is not whole", pack_data.pack, data, packed)
    assert subprocess.run(["tools/pack_data.py", "one"], capture_output=True).returncode == 1


main()
