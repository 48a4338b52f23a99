#!/usr/bin/env python3
"""What airlock's macros cost the compiler, beside the same program written by hand.

Writes two crates into a temporary folder:

- `with_airlock`: 1,000 functions under `#[airlock::task]` and 200 under `#[airlock::scoped]`;
- `by_hand`: the same functions without attributes, and for each task's arguments a struct with
  serde's derives, as one writes it to send them anywhere.

Then it times, alternating between the two, with the dependencies already built:

- `cargo check` and `cargo build` of the crate alone, without its incremental cache;
- the same after a change in the body of one task.

    airlock/benches/compile_time.py [--tasks 1000] [--scoped 200] [--runs 5] [--keep]

Prints medians and ratios. The limit is 1.5 for the first.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 1.5
# So that each file is of a size that people write.
TASKS_A_FILE = 50

# The shapes of tasks that a program has, in turn: (parameter, type).
SHAPES = [
    [("order_id", "u64")],
    [("user_id", "u64"), ("subject", "String")],
    [("order_id", "u64"), ("items", "Vec<u32>"), ("note", "Option<String>")],
    [("account_id", "u64"), ("cents", "i64"), ("currency", "String"), ("express", "bool")],
]


def main():
    arguments = parse_arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="airlock-compile-time-"))
    try:
        crates = [write_crate(folder, arguments, airlock) for airlock in (True, False)]
        measure(crates, arguments.runs)
    finally:
        if arguments.keep:
            print(f"\nkept: {folder}")
        else:
            shutil.rmtree(folder)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--scoped", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="keep the two crates, to look into")
    return parser.parse_args()


# ---- the two crates


def write_crate(folder, arguments, airlock):
    name = "with_airlock" if airlock else "by_hand"
    crate = folder / name
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text(manifest(name, airlock))
    # The versions that the repository builds with, for both.
    shutil.copy(REPOSITORY / "Cargo.lock", crate / "Cargo.lock")
    modules = []
    for start in range(0, arguments.tasks, TASKS_A_FILE):
        module = f"tasks_{start // TASKS_A_FILE}"
        numbers = range(start, min(start + TASKS_A_FILE, arguments.tasks))
        tasks = "\n".join(task(number, airlock) for number in numbers)
        uses = "" if airlock else "use serde::{Deserialize, Serialize};\n\n"
        (crate / "src" / f"{module}.rs").write_text(uses + tasks)
        modules.append(module)
    scoped = "\n".join(scoped_function(number, airlock) for number in range(arguments.scoped))
    (crate / "src" / "flows.rs").write_text(scoped)
    modules.append("flows")
    (crate / "src" / "lib.rs").write_text("".join(f"pub mod {module};\n" for module in modules))
    return crate


def manifest(name, airlock):
    airlock_path = REPOSITORY / "airlock"
    dependency = f'airlock = {{ path = "{airlock_path}" }}\n' if airlock else ""
    return f"""\
[package]
name = "{name}"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
{dependency}serde = {{ version = "1", features = ["derive"] }}
"""


def task(number, airlock):
    shape = SHAPES[number % len(SHAPES)]
    parameters = ", ".join(f"{name}: {kind}" for name, kind in shape)
    attribute = "#[airlock::task]\n" if airlock else arguments_struct(number, shape)
    uses = ", ".join(f"&{name}" for name, _ in shape)
    return f"""\
/// Task {number}.
{attribute}pub fn task_{number}({parameters}) {{
    std::hint::black_box(({number}, {uses}));
}}
"""


def arguments_struct(number, shape):
    fields = "".join(f"    pub {name}: {kind},\n" for name, kind in shape)
    return f"""\
#[derive(Serialize, Deserialize)]
pub struct Task{number} {{
{fields}}}

"""


def scoped_function(number, airlock):
    attribute = "#[airlock::scoped]\n" if airlock else ""
    return f"""\
/// Flow {number}.
{attribute}pub fn flow_{number}(order_id: u64) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {{
    let next: u64 = order_id.to_string().parse()?;
    Ok(next + {number})
}}
"""


# ---- timing


def measure(crates, runs):
    print("building the dependencies …", flush=True)
    for crate in crates:
        cargo(crate, "check")
        cargo(crate, "build")
    rows = [
        ("cargo check", lambda crate: cold(crate, "check")),
        ("cargo check, one task touched", lambda crate: after_a_touch(crate, "check")),
        ("cargo build", lambda crate: cold(crate, "build")),
        ("cargo build, one task touched", lambda crate: after_a_touch(crate, "build")),
    ]
    print(f"{'':32} {'airlock':>10} {'by hand':>10} {'ratio':>7}")
    for name, timed in rows:
        times = {crate: [] for crate in crates}
        for _ in range(runs):
            for crate in crates:
                times[crate].append(timed(crate))
        ours, theirs = (statistics.median(times[crate]) for crate in crates)
        print(f"{name:32} {ours:>8.2f} s {theirs:>8.2f} s {ours / theirs:>7.2f}", flush=True)
    print(f"medians of {runs} runs; the limit of the first ratio is {LIMIT}")


def cold(crate, command):
    cargo(crate, "clean", "--package", crate.name)
    return cargo(crate, command)


def after_a_touch(crate, command):
    cargo(crate, command)
    source = crate / "src" / "tasks_0.rs"
    text = source.read_text()
    first, rest = text.split("black_box((", 1)
    _, rest = rest.split(",", 1)
    source.write_text(f"{first}black_box(({time.monotonic_ns()}_u64,{rest}")
    return cargo(crate, command)


def cargo(crate, *arguments):
    """Runs cargo on a crate and returns the seconds it took."""
    # The folder of its own keeps the figures apart from whatever else is being built.
    environment = {**os.environ, "CARGO_TARGET_DIR": str(crate / "target")}
    started = time.monotonic()
    subprocess.run(
        ["cargo", *arguments, "--quiet"], cwd=crate, env=environment, check=True
    )
    return time.monotonic() - started


if __name__ == "__main__":
    main()
