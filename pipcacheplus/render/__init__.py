"""Output formats, one file with one `FORMAT` each: they turn a view into text, and know nothing below the model."""
