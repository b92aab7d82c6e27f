"""The checks, one rule in each file. Each module has one `CHECK`; its docstring is its section of the documentation."""
