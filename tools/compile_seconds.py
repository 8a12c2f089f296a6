#!/usr/bin/env python3
"""Processor seconds of everything that a target compiles.

Usage: tools/compile_seconds.py [--one_in=N] [TARGET] [bazel flags such as --config=edit]      (TARGET: //:train)

Runs the compiler once for each file, by itself, with the command that Bazel
would use, and sums the user time. It is no matter what else the machine does,
nor how many processors it has. The target is built first, for what is
generated. With --one_in=N every Nth compilation is run, and the sum is estimated
from their mean, with its standard error.
"""

import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def bazel(*args):
    """Standard output of a call that must succeed."""
    return subprocess.run([ROOT / "tools" / "bazel", *args], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def seconds_of(arguments, execution_root):
    """User time of one compilation, whose output is thrown away."""
    arguments = list(arguments)
    for flag in ("-MF", "-o"):
        if flag in arguments:
            arguments[arguments.index(flag) + 1] = "/dev/null"
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(arguments, cwd=execution_root, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS, allow_abbrev=False)
    parser.add_argument("target", nargs="?", default="//:train")
    parser.add_argument("--one_in", type=int, default=1)
    known, flags = parser.parse_known_args()
    target, one_in = known.target, known.one_in
    if one_in < 1:
        sys.exit(f"compile_seconds: --one_in={one_in} is out of range: at least 1")
    bazel("build", *flags, target)
    execution_root = bazel("info", *flags, "execution_root").strip()
    query = f'mnemonic("CppCompile|CudaCompile", deps({target}))'
    graph = json.loads(bazel("aquery", *flags, "--output=jsonproto", "--include_artifacts=false", query))
    source = lambda arguments: arguments[arguments.index("-c") + 1]  # noqa: E731
    compilations = sorted((action["arguments"] for action in graph["actions"]), key=source)
    taken = []
    for arguments in compilations[::one_in]:
        taken.append(seconds_of(arguments, execution_root))
        print(f"{taken[-1]:8.1f}  {source(arguments)}", flush=True)
    count = len(compilations)
    error = f" +- {count * statistics.stdev(taken) / len(taken) ** 0.5:.0f}" if 1 < len(taken) < count else ""
    print(f"{count * statistics.mean(taken):8.1f}{error}  seconds of a processor, {count} compilations, of which {len(taken)} were run")


if __name__ == "__main__":
    main()
