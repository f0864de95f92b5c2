"""`python -m tools.fit --data FOLDER`: rebuild molroo_actor/engine/scores/ from the corpora in FOLDER."""

import os
from argparse import ArgumentParser
from pathlib import Path

# One thread and one kind of kernel a process, set before numpy is loaded: the same sums in the same order everywhere.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OPENBLAS_CORETYPE"] = "Haswell"


def main() -> None:
    from tools.fit.build import build  # noqa: PLC0415 - loads numpy

    parser = ArgumentParser(prog="python -m tools.fit", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the corpora")
    build(parser.parse_args().data)


if __name__ == "__main__":
    main()
