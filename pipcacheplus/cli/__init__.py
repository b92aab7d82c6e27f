"""The command line: one file with one `COMMAND` for each command, under its name; `base` has the common parts."""
