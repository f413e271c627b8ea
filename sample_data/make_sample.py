"""Make the bundled sample slide: ``python sample_data/make_sample.py``."""

from pathlib import Path

from napari_concert import simulate
from napari_concert.simulate.sample import NAME, SAMPLE

path = Path(__file__).with_name(NAME)
simulate.tumour(**SAMPLE).write_h5ad(path, compression="gzip", compression_opts=9)
print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
