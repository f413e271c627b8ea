"""The napari side of the app: the dock and its panels, the slide's layers, the paint tool, the plugin."""
