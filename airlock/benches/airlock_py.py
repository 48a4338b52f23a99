#!/usr/bin/env python3
"""The same program in airlock-py and in airlock: 1,000 intents, judged by one policy, flushed.

    airlock/benches/airlock_py.py [--rounds 5]

Makes a virtual environment in a temporary folder, installs airlock-py there, and runs the two in
turn. Prints the medians of a run of the program and their ratio; the limit is 100.
"""

import argparse
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "airlock-py==0.1.0a3"
LIMIT = 100

# Prints the nanoseconds of one run: the median of many, as the other side does.
PROGRAM = """
import statistics, time
import airlock

total = 0

def notify_warehouse(order_id):
    global total
    total += order_id

def run():
    with airlock.scope(policy=airlock.AllowAll()):
        for order_id in range(1000):
            airlock.enqueue(notify_warehouse, order_id)

def timed():
    started = time.perf_counter_ns()
    run()
    return time.perf_counter_ns() - started

run()
assert total == sum(range(1000)), "every intent was flushed"
print(statistics.median(timed() for _ in range(51)))
"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    folder = pathlib.Path(tempfile.mkdtemp(prefix="airlock-py-"))
    try:
        python = install(folder)
        ours(building=True)
        times = [(ours(), theirs(python)) for _ in range(rounds)]
    finally:
        shutil.rmtree(folder)
    rust, pythons = (statistics.median(column) for column in zip(*times))
    print(f"1,000 intents enqueued, judged by one policy and flushed, medians of {rounds} rounds:")
    print(f"  airlock               {rust / 1000:>9.1f} µs")
    print(f"  {PACKAGE:<20}  {pythons / 1000:>9.1f} µs, Python {sys.version.split()[0]}")
    print(f"  ratio                 {pythons / rust:>9.0f}, limit {LIMIT}")


def install(folder):
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
    return python


def ours(building=False):
    command = ["cargo", "bench", "--package", "airlock", "--bench", "limits", "--", "thousand"]
    # Cargo says on the standard error what it builds, which is of interest once.
    errors = None if building else subprocess.DEVNULL
    return number(subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=errors))


def theirs(python):
    return number(subprocess.run([python, "-c", PROGRAM], stdout=subprocess.PIPE))


def number(ended):
    ended.check_returncode()
    return float(ended.stdout)


if __name__ == "__main__":
    main()
