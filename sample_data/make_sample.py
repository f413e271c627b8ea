"""Make a bundled sample slide: ``python sample_data/make_sample.py [--sample stroke.h5ad] [OUT.h5ad]``."""

import argparse
from pathlib import Path

from napari_concert.simulate.sample import NAME, SAMPLES, make_sample

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("out", nargs="?", type=Path)
parser.add_argument("--sample", choices=list(SAMPLES), default=NAME)
args = parser.parse_args()
path = args.out or Path(__file__).with_name(args.sample)
make_sample(args.sample).write_h5ad(path, compression="gzip", compression_opts=9)
print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
