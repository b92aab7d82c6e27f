"""The checks: one question a file. Each module has one `CHECK`; its docstring is its page in the documentation."""
