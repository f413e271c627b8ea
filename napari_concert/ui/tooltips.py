"""Every tooltip of the dock, in one place, so that the wording stays of one piece."""

from __future__ import annotations

TIPS = {
    "gene": "Colour the spots by a gene or by a column of the slide. Misspellings suggest the nearest names.",
    "observed": "Measured counts, scaled to the slide's median total count of a spot.",
    "baseline": "What the model expects of every spot as it is: the measurement with its noise removed.",
    "predicted": "What the model expects once the painted spots have become their target.",
    "change": "Log fold change from baseline to predicted. Red goes up, blue goes down, grey does not change.",
    "uncertainty": "Standard deviation of the predicted change: how unsure the model is of it.",
    "true change": "The true log fold change, known because this slide is simulated.",
    "clip": "Percentiles of the values at both ends of the colour scale. Outliers beyond them take the end colours.",
    "log": "Show changes as log2 or as natural logarithm. Saved files always hold natural logarithms.",
    "perturbation": "The column whose labels a what-if switches. Any column of labels will do: a pathologist's, say.",
    "tissue": "The column of tissue or niche. Effects are learned across tissues, and a border may hold them back.",
    "section": "The column that says which section or slide a spot is from. Sections never influence each other "
    "unless they are registered in z.",
    "continuous": "Numeric columns, such as time or dose, that the model uses.",
    "roles": "What each label means. Control labels influence no neighbour; unknown labels are never a state.",
    "registered": "Tick this only if all sections share one coordinate frame: effects then pass through z.",
    "um_per_unit": "How many µm one unit of the file's coordinates is. Visium spots are 100 µm apart.",
    "train": "Learn how states differ across this slide. It runs in the background; the window stays usable.",
    "stop": "Stop training and keep the best weights so far.",
    "n_genes": "How many of the most variable genes are modelled.",
    "also_genes": "Genes to model in any case, separated by commas.",
    "max_epochs": "Training stops before this when it no longer improves on hidden spots.",
    "seed": "The same seed repeats a training exactly.",
    "device": "Where training runs. Automatic takes an NVIDIA or Apple GPU if there is one.",
    "all_slides": "Train one model on all open slides.",
    "radius": "Radius of the brush.  [ makes it smaller, ] larger.",
    "undo": "Take the last edit back (Ctrl+Z): a stroke, or a change of the list of patches.",
    "redo": "Make the last undone edit again (Ctrl+Shift+Z).",
    "clear": "Take all spots out of the chosen patch. Can be undone.",
    "new_patch": "Add an empty patch; the tools work on it from now on.",
    "duplicate_patch": "Copy the chosen patches.",
    "merge_patches": "Join the chosen patches into the first of them.",
    "delete_patches": "Delete the chosen patches. Can be undone.",
    "load_patches": "Add the patches of a file: CONCERT .txt, GeoJSON (QuPath), Xenium Explorer .csv.",
    "perturb_around": "Keep the patch as observed and let its surroundings, as wide as Grow's distance, become its "
    "target: how does the core answer to its niche?",
    "target": "The state that the spots of the chosen patch take.",
    "target_tissue": "The tissue that the spots of the chosen patch take; as observed by default.",
    "ranking": "Genes whose sign is sure come first (false sign below 2.5 %), by how much they change at least; "
    "the others follow by that rate.",
    "start_afresh": "Forget what was painted, labelled and trained on this slide.",
}
