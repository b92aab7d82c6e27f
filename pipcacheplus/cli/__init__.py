"""The command line. A command is one file here with one `COMMAND`, named as it is called; `base` is what they share."""
