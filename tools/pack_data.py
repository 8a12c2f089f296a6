#!/usr/bin/python3
"""CIFAR's binary files as lossless JPEG XL images, half as large, to carry them to another machine.

Usage: tools/pack_data.py DATA PACKED              packs what DATA has of cifar-10-batches-bin and cifar-100-binary
       tools/pack_data.py --unpack PACKED DATA     the same bytes again, compared by their SHA-256

    train.bin: 50,000 records of labels and a picture --> train.bin.labels
                                                          train.bin.0.jxl .. 4.jxl, 10,000 pictures each: 100 by 100, 15.6 MB

Each set is a folder of files that may travel one by one. Packing needs cjxl, unpacking djxl (Debian: libjxl-tools), which is looked for in djxl/
beside this file first, its libraries in djxl/lib; both need numpy.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy
except ImportError:
    sys.exit(f"pack_data: {sys.executable} has no numpy")

LABELS = {"cifar-10-batches-bin": 1, "cifar-100-binary": 2}  # bytes of a record before its picture
SIDE, ACROSS, PICTURES = 32, 100, 10000
MANIFEST = "packed.json"


def fail(message):
    sys.exit(f"pack_data: {message}")


def call(program, *arguments):
    own = pathlib.Path(__file__).resolve().parent / "djxl"
    found = str(own / program) if (own / program).exists() else shutil.which(program)
    if found is None:
        fail(f"there is no {program}: apt-get install libjxl-tools")
    environment = dict(os.environ)
    if (own / program).exists():
        environment["LD_LIBRARY_PATH"] = str(own / "lib")
    done = subprocess.run([found, *map(str, arguments)], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"{program} {arguments[0]}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")


def header(rows):
    return f"P6\n{ACROSS * SIDE} {rows * SIDE}\n255\n".encode()


def rows_of(count):
    return -(-count // ACROSS)


def write_atlas(pictures, path, folder):
    """`pictures` are [n, 3072], plane by plane; the last row is filled up with black."""
    rows = rows_of(len(pictures))
    tiles = numpy.zeros((rows * ACROSS, 3, SIDE, SIDE), numpy.uint8)
    tiles[: len(pictures)] = pictures.reshape(-1, 3, SIDE, SIDE)
    pixels = tiles.reshape(rows, ACROSS, 3, SIDE, SIDE).transpose(0, 3, 1, 4, 2)
    image = folder / "atlas.ppm"
    image.write_bytes(header(rows) + numpy.ascontiguousarray(pixels).tobytes())
    call("cjxl", image, path, "-d", "0", "-e", "3", "--quiet")


def read_atlas(path, count, threads):
    rows = rows_of(count)
    with tempfile.TemporaryDirectory() as folder:
        image = pathlib.Path(folder) / "atlas.ppm"
        call("djxl", path, image, "--quiet", f"--num_threads={threads}")
        data = image.read_bytes()
    begin = header(rows)
    if not data.startswith(begin) or len(data) != len(begin) + rows * ACROSS * SIDE * SIDE * 3:
        fail(f"{path} is no atlas of {count} pictures")
    pixels = numpy.frombuffer(data, numpy.uint8, offset=len(begin)).reshape(rows, SIDE, ACROSS, SIDE, 3)
    return pixels.transpose(0, 2, 4, 1, 3).reshape(rows * ACROSS, 3 * SIDE * SIDE)[:count]


def parts_of(count):
    return [min(PICTURES, count - begin) for begin in range(0, count, PICTURES)]


def pack_file(file, to):
    """Returns what the manifest says of it."""
    data = file.read_bytes()
    labels = LABELS[to.name]
    if not data or len(data) % (labels + 3 * SIDE * SIDE):
        fail(f"{file} is not whole: it is no number of records of {labels + 3 * SIDE * SIDE} bytes")
    records = numpy.frombuffer(data, numpy.uint8).reshape(-1, labels + 3 * SIDE * SIDE)
    (to / f"{file.name}.labels").write_bytes(records[:, :labels].tobytes())
    with tempfile.TemporaryDirectory() as folder:
        for k in range(len(parts_of(len(records)))):
            pictures = records[k * PICTURES : (k + 1) * PICTURES, labels:]
            write_atlas(pictures, to / f"{file.name}.{k}.jxl", pathlib.Path(folder))
    return {"records": len(records), "sha256": hashlib.sha256(data).hexdigest()}


def pack(data, packed):
    sets = [name for name in LABELS if (data / name).is_dir()]
    if not sets:
        fail(f"{data} has none of {', '.join(LABELS)}: //data:fetch downloads them")
    for name in sets:
        to = packed / name
        to.mkdir(parents=True, exist_ok=True)
        manifest = {file.name: pack_file(file, to) for file in sorted((data / name).glob("*.bin"))}
        for file in (data / name).glob("*.txt"):
            shutil.copyfile(file, to / file.name)
        (to / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        size = sum(file.stat().st_size for file in to.iterdir())
        print(f"pack_data: {to}, {size / 1e6:.0f} MB")


def unpack_file(source, name, facts, to, threads):
    counts = parts_of(facts["records"])
    missing = [file for file in [f"{name}.labels", *(f"{name}.{k}.jxl" for k in range(len(counts)))] if not (source / file).exists()]
    if missing:
        fail(f"{source} lacks {', '.join(missing)}: carry all of a set")
    labels = numpy.fromfile(source / f"{name}.labels", numpy.uint8).reshape(facts["records"], -1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pictures = list(pool.map(lambda k: read_atlas(source / f"{name}.{k}.jxl", counts[k], threads), range(len(counts))))
    data = numpy.concatenate([labels, numpy.concatenate(pictures)], axis=1).tobytes()
    if hashlib.sha256(data).hexdigest() != facts["sha256"]:
        fail(f"{source / name} is not what was packed: its SHA-256 differs")
    part = to / f"{name}.part"
    part.write_bytes(data)
    part.replace(to / name)


def unpack(packed, data):
    sets = [name for name in LABELS if (packed / name / MANIFEST).exists()]
    if not sets:
        fail(f"{packed} has no {MANIFEST} in a folder {' or '.join(LABELS)}")
    for name in sets:
        source, to = packed / name, data / name
        to.mkdir(parents=True, exist_ok=True)
        for file in source.glob("*.txt"):
            shutil.copyfile(file, to / file.name)
        files = {file: facts for file, facts in json.loads((source / MANIFEST).read_text()).items() if not (to / file).exists()}
        threads = max(1, os.cpu_count() // 6)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda item: unpack_file(source, *item, to, threads), files.items()))


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--unpack"]
    if len(arguments) != 2 or any(argument.startswith("-") for argument in arguments):
        sys.exit(__doc__)
    source, target = map(pathlib.Path, arguments)
    unpack(source, target) if "--unpack" in sys.argv else pack(source, target)


if __name__ == "__main__":
    main()
