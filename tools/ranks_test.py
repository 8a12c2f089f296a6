#!/usr/bin/python3
"""Trains one network by several processes and threads, kills some of them, and compares all with one process that nobody killed.

Usage: ./tools/bazel run //tools:ranks_test -- --kills=20 --steps=1000

Weights, metrics and summary must be those of the one process, bit for bit, times apart. A rank that is killed ends the others within
a bounded time; each says which one it was; the next start goes on, with another number of ranks. The same for what else can be wrong.
Backpropagation by ranks gives one process's losses up to rounding, and goes on, with the same number of ranks, to the bit.

With --steps it is the soak alone: kills in runs of so many steps.
"""

import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # beside the sources
import torture  # noqa: E402

FLAGS = (
    "--dataset=mnist --partition=even:3 --head=conv --hidden=16 --width=8 --features=16 --epochs=4 --batch_size=10 "
    "--device=cpu --threads=1 --checkpoint_every=4 --keep_checkpoints=2 --probe_every=7 --resume "
    "--rank_timeout=60 --join_timeout=20"
).split()
STEPS_AN_EPOCH = 9  # of the 100 images every tenth validates
PATIENCE = 90  # seconds within which all ranks have ended, the timeout among them


def free_port():
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return any_port.getsockname()[1]


class Group:
    """Ranks started one by one, as by hand. `changes` are variables or flags of single ranks."""

    def __init__(self, size, out, port=None, variables=(), flags=()):
        self.processes = []
        port = port or free_port()
        for rank in range(size):
            environment = {
                **os.environ,
                "RANK": str(rank),
                "WORLD_SIZE": str(size),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
                **dict(variables).get(rank, {}),
            }
            own = dict(flags).get(rank, [])
            command = [torture.TRAIN, *FLAGS, "--data_dir=%s" % out.parent, "--out=%s" % out, *own]
            self.processes.append(
                subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )

    def wait(self):
        """Exit codes, and what each rank said last to stderr."""
        deadline = time.monotonic() + PATIENCE
        codes, said = [], []
        for rank, process in enumerate(self.processes):
            try:
                _, error = process.communicate(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                for other in self.processes:
                    other.kill()
                sys.exit("ranks_test: rank %d has not ended within %d s" % (rank, PATIENCE))
            codes.append(process.returncode)
            said.append(error.strip().splitlines()[-1] if error.strip() else "")
        return codes, said


def check(condition, what, *details):
    if not condition:
        sys.exit("ranks_test: %s: %s" % (what, details))


def launch(size, out, *flags, program=torture.TRAIN):
    command = ["tools/launch", str(size), "--", *FLAGS, "--data_dir=%s" % out.parent, "--out=%s" % out, *flags]
    environment = dict(os.environ, SID_TRAIN=program)
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def alone(out, *flags):
    command = [torture.TRAIN, *FLAGS, "--data_dir=%s" % out.parent, "--out=%s" % out, *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    check(done.returncode == 0, "one process failed", flags, done.stderr)
    return torture.result(out)


def test_same_bits(folder, expected):
    for workers in (2, 3):
        threads = alone(folder / ("threads-%d" % workers), "--pipeline=%d" % workers)
        check(threads == expected, "threads differ", workers)
        out = folder / ("ranks-%d" % workers)
        started = launch(workers, out)
        _, error = started.communicate()
        check(started.returncode == 0, "tools/launch failed", workers, error)
        check(torture.result(out) == expected, "ranks differ", workers)
    print("ranks_test: 2 and 3 threads, 2 and 3 ranks have the bits of one process", flush=True)


def test_stop(folder, expected):
    """A signal to tools/launch ends the training between two steps; three ranks become one process."""
    out = folder / "stopped"
    started = launch(3, out)
    while not list(out.glob("checkpoints/*.safetensors")) and started.poll() is None:
        time.sleep(0.01)
    started.terminate()
    _, error = started.communicate(timeout=PATIENCE)
    check(started.returncode in (0, 143), "a stopped launch says", started.returncode, error)
    check(alone(out) == expected, "a stopped run goes on differently")
    print("ranks_test: stopped on three ranks, it goes on in one process", flush=True)


def test_early_end(folder):
    """Who waits for a rank to join cannot know that it has died. tools/launch does."""
    program = folder / "dies-early"
    program.write_text('#!/bin/sh\n[ "$RANK" != 1 ] || kill -9 $$\nexec "%s" "$@"\n' % os.path.abspath(torture.TRAIN))
    program.chmod(0o755)
    started = launch(3, folder / "early", "--join_timeout=1800", "--rank_timeout=1800", program=str(program))
    _, error = started.communicate(timeout=PATIENCE)
    check(started.returncode == 137, "a launch whose rank was killed says", started.returncode, error)
    check("rank 1 was ended by signal 9" in error, "the rank that was killed is not named", error)
    check("did not end" not in error, "those that wait for it to join do not end by themselves", error)
    print("ranks_test: a rank that dies before it joins ends the others", flush=True)


def test_kills(folder, flags, expected, kills, moments, longest):
    done, runs, starts, survived, slowest = 0, 0, 0, 0, 0
    while done < kills:
        runs += 1
        out = folder / ("killed-%d" % runs)
        while True:
            size = moments.choice((2, 3))
            starts += 1
            group = Group(size, out, flags={rank: flags for rank in range(size)})
            victim = moments.randrange(size)
            time.sleep(moments.uniform(0, longest))
            killed = done < kills and group.processes[victim].poll() is None
            if killed:
                group.processes[victim].kill()
                done += 1
            begin = time.monotonic()
            codes, said = group.wait()
            if codes == [0] * size:
                break
            slowest = max(slowest, time.monotonic() - begin)
            check(killed, "ranks failed by themselves", codes, said)
            for rank in range(size):
                if rank == victim or codes[rank] == 0:  # it may have ended before
                    continue
                survived += 1
                check(codes[rank] == 1 or codes[rank] == 2, "exit code", rank, codes, said)
                named = "rank %d" % victim in said[rank]
                # c10d does not say to which; and before all have joined, a rank knows only the one that it waits for itself.
                early = any(text in said[rank] for text in ("cannot connect to the other ranks", "which has not come"))
                check(named or early, "rank %d does not name rank %d" % (rank, victim), codes, said)
        check(torture.result(out) == expected, "a run with killed ranks differs", runs)
    text = "ranks_test: %d ranks killed in %d runs of %d starts, which have the bits of one process"
    print(text % (done, runs, starts), flush=True)
    print("ranks_test: %d others ended by themselves, the last %.1f s after a kill" % (survived, slowest), flush=True)


def soak(folder, options, longest):
    flags = ["--epochs=%d" % -(-options.steps // STEPS_AN_EPOCH)]
    expected = alone(folder / "soak", *flags)
    test_kills(folder, flags, expected, options.kills, random.Random(options.seed), longest)


def test_faults(folder):
    out = folder / "faults"
    codes, said = Group(2, out, flags={1: ["--seed=2"]}).wait()
    check(0 not in codes and all("--seed=2" in line for line in said), "other settings", codes, said)

    codes, said = Group(2, out, variables={1: {"WORLD_SIZE": "3"}}).wait()
    check(0 not in codes and all("WORLD_SIZE" in line for line in said), "another WORLD_SIZE", codes, said)

    short = ["--join_timeout=2"]
    codes, said = Group(1, out, variables={0: {"WORLD_SIZE": "2"}}, flags={0: short}).wait()
    check(codes == [2] and "rank 1, which has not come" in said[0], "a rank that does not come", codes, said)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        codes, said = Group(2, out, port=port, flags={0: short, 1: short}).wait()
    check(0 not in codes and "the port is in use" in said[0], "a port in use", codes, said)

    codes, said = Group(2, out, flags={0: ["--out=/proc/none"]}).wait()
    check(0 not in codes and all("/proc/none" in line for line in said), "a folder that cannot be", codes, said)
    check(not out.exists(), "a run that could not begin has left a folder")

    # One that does not compute for a while is waited for.
    group = Group(2, out)
    time.sleep(1)
    group.processes[1].send_signal(signal.SIGSTOP)
    time.sleep(3)
    group.processes[1].send_signal(signal.SIGCONT)
    codes, said = group.wait()
    check(codes == [0, 0], "a rank that pauses", codes, said)
    text = "other settings, another WORLD_SIZE, a missing rank, a port in use, a folder that cannot be, a pause"
    print("ranks_test: " + text, flush=True)


def test_backpropagation(folder):
    one = alone(folder / "bp", "--learner=bp")
    for name, pieces in (("data-parallel", []), ("gpipe", ["--micro_batches=3"])):
        flags = ["--learner=bp", *pieces]
        unbroken, out = folder / name, folder / ("killed-" + name)
        started = launch(3, unbroken, *flags)
        said, error = started.communicate()
        check(started.returncode == 0, "backpropagation by ranks failed", name, error)
        check("the 3 ranks sent each other" in said, "what was sent is not told", name, said)
        for ours, theirs in zip(torture.result(unbroken)[1], one[1]):
            loss, expected = ours.get("train_loss", 0), theirs.get("train_loss", 0)
            check(abs(loss - expected) <= 1e-3 * expected, "another loss than one process", name, ours, theirs)

        group = Group(3, out, flags={rank: flags for rank in range(3)})
        while not list(out.glob("checkpoints/*.safetensors")) and group.processes[0].poll() is None:
            time.sleep(0.01)
        group.processes[1].kill()
        codes, said = group.wait()
        killed = codes[1] != 0
        check(not killed or all("rank 1" in said[rank] and codes[rank] == 1 for rank in (0, 2)), name, codes, said)
        codes, said = Group(2, out, flags={rank: flags for rank in range(2)}).wait()
        check(codes[0] == 2 and "--pipeline" in said[0], "goes on with another number of ranks", name, codes, said)
        codes, said = Group(3, out, flags={rank: flags for rank in range(3)}).wait()
        check(codes == [0, 0, 0], "a killed run does not go on", name, codes, said)
        check(torture.result(out) == torture.result(unbroken), "a killed run goes on differently", name)
    print("ranks_test: backpropagation, data-parallel and GPipe: one process's losses, and goes on after a kill", flush=True)


def main():
    options = torture.kills_and_seed("ranks_test", __doc__, steps=0)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        torture.write_digits(folder)
        begin = time.monotonic()
        expected = alone(folder / "unbroken")
        longest = 1.5 * (time.monotonic() - begin)
        if options.steps > 0:
            soak(folder, options, longest)
            return
        test_faults(folder)
        test_early_end(folder)
        test_same_bits(folder, expected)
        test_stop(folder, expected)
        test_backpropagation(folder)
        test_kills(folder, [], expected, options.kills, random.Random(options.seed), longest)


if __name__ == "__main__":
    main()
