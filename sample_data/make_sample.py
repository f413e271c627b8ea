"""Make the bundled sample slide: ``python sample_data/make_sample.py [OUT.h5ad]``."""

import sys
from pathlib import Path

from napari_concert.simulate.sample import NAME, make_sample

path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name(NAME)
make_sample().write_h5ad(path, compression="gzip", compression_opts=9)
print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
