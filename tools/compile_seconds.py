#!/usr/bin/env python3
"""Processor seconds of everything that a target compiles.

Usage: tools/compile_seconds.py [TARGET] [bazel flags such as --config=edit]      (TARGET: //:train)

Runs the compiler once for each file, by itself, with the command that Bazel
would use, and sums the user time. It is no matter what else the machine does,
nor how many processors it has. The target is built first, for what is
generated.
"""

import json
import pathlib
import resource
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
    target, flags = "//:train", sys.argv[1:]
    if flags and not flags[0].startswith("-"):
        target, flags = flags[0], flags[1:]
    bazel("build", *flags, target)
    execution_root = bazel("info", *flags, "execution_root").strip()
    query = f'mnemonic("CppCompile|CudaCompile", deps({target}))'
    graph = json.loads(bazel("aquery", *flags, "--output=jsonproto", "--include_artifacts=false", query))
    total = 0
    for action in graph["actions"]:
        arguments = action["arguments"]
        seconds = seconds_of(arguments, execution_root)
        total += seconds
        print(f"{seconds:8.1f}  {arguments[arguments.index('-c') + 1]}", flush=True)
    print(f"{total:8.1f}  seconds of a processor, {len(graph['actions'])} compilations")


if __name__ == "__main__":
    main()
