"""CONCERT's mathematics: arrays in, arrays out.

The only package that imports torch. It knows neither AnnData, nor patches, nor napari.
"""
