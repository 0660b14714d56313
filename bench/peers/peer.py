"""What the peers in Python have in common: the conversation that package peer of devbench describes."""
import sys
import time

import numpy


def sizes(case):
    """'matmul/m=2/n=3/k=4' as 'matmul' and {'m': 2, 'n': 3, 'k': 4}."""
    family, *keys = case.split("/")
    pairs = (key.split("=") for key in keys)
    return family, {k: int(v) if v.isdigit() else v for k, v in pairs}


class Operands:
    """The operands of a case, by name."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name, *shape):
        return numpy.fromfile(f"{self.folder}/{name}", dtype=numpy.float32).reshape(shape)


def serve(version, load):
    """Answers requests. load(family, sizes, operands) returns what runs the case and returns its results by name."""
    print("ready", version, flush=True)
    run = None
    for line in sys.stdin:
        request, *rest = line.split()
        if request == "load":
            try:
                run = load(*sizes(rest[0]), Operands(rest[1]))
                if run is None:
                    print("no it has no such operation", flush=True)
                    continue
                for name, value in run().items():
                    numpy.ascontiguousarray(value, dtype=numpy.float32).tofile(f"{rest[1]}/out.{name}")
                print("ok", flush=True)
            except Exception as e:
                print("failed", repr(e).replace("\n", " "), flush=True)
        else:
            n = int(rest[0])
            start = time.perf_counter()
            for _ in range(n):
                run()
            print(time.perf_counter() - start, flush=True)
