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

    def __init__(self, folder, dtype):
        self.folder, self.dtype = folder, dtype

    def __call__(self, name, *shape):
        return numpy.fromfile(f"{self.folder}/{name}", dtype=self.dtype).reshape(shape)

    def factors(self, s):
        """Those of a product of such sizes, [m, k] and [k, n]: views of what is stored transposed."""
        trans = s.get("trans", "nn")
        a = self("a", s["k"], s["m"]).T if trans == "tn" else self("a", s["m"], s["k"])
        b = self("b", s["n"], s["k"]).T if trans == "nt" else self("b", s["k"], s["n"])
        return a, b


def serve(version, load, types=("float32", "float64")):
    """Answers requests. load(family, sizes, operands) returns what runs the case and returns its results by name."""
    print("ready", version, flush=True)
    run = None
    for line in sys.stdin:
        request, *rest = line.split()
        if request == "load":
            try:
                case, folder, dtype = rest
                if dtype not in types:
                    print("no it is measured in", *types, "alone", flush=True)
                    continue
                run = load(*sizes(case), Operands(folder, dtype))
                if run is None:
                    print("no it has no such operation", flush=True)
                    continue
                for name, value in run().items():
                    numpy.ascontiguousarray(value, dtype=dtype).tofile(f"{folder}/out.{name}")
                print("ok", flush=True)
            except Exception as e:
                print("failed", repr(e).replace("\n", " "), flush=True)
        else:
            n = int(rest[0])
            start = time.perf_counter()
            for _ in range(n):
                run()
            print(time.perf_counter() - start, flush=True)
