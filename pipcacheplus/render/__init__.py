"""Output formats, one file with one `FORMAT` each: they turn a view into text, and use nothing below the model."""
