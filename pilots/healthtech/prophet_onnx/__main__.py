"""pilot-prophet-onnx model.json out.onnx [--verify]: Prophet's JSON to an ONNX graph, written only when it is right."""

from __future__ import annotations

import argparse
from pathlib import Path

from common.cli import guard


def main() -> None:
    parser = argparse.ArgumentParser(prog="pilot-prophet-onnx", description=__doc__.split(": ")[1])
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL.json", help="one, or many of one structure")
    parser.add_argument("out", type=Path, metavar="OUT.onnx")
    parser.add_argument("--verify", action="store_true", help="compare with Prophet, which must be installed")
    parser.add_argument(
        "--until", type=int, metavar="YEAR", help="last year of a country's holidays (default: 15 more)"
    )
    given = parser.parse_args()
    raise SystemExit(guard(lambda: convert(given.models, given.out, given.verify, given.until)))


def convert(paths: list[Path], out: Path, check: bool, until: int | None) -> None:
    """One graph of the models, its series in the order of the files."""
    from common.atomic import write_bytes
    from pilots.healthtech.prophet_onnx.graph import graph
    from pilots.healthtech.prophet_onnx.read import read

    model = graph(read(paths, until))
    if check:
        from pilots.healthtech.prophet_onnx.verify import load, verify

        for number, path in enumerate(paths):
            found = verify(model, load(path), number if len(paths) > 1 else None)
            print(
                f"{path.name}: {len(found.compared)} outputs equal Prophet's to {found.difference:.1e} of the scale on "
                f"{found.rows:,} rows; the interval and that of {found.paths:,} simulated paths differ by at most "
                f"{found.width_error:.1%} of its width"
            )
    write_bytes(out, model.SerializeToString(deterministic=True))
    last = next((entry.value for entry in model.metadata_props if entry.key == "holidays_known_until"), None)
    if last:
        print(f"holidays are known until {last}; later steps are marked out_of_date")
    print(f"wrote: {out.resolve()}")


if __name__ == "__main__":
    main()
