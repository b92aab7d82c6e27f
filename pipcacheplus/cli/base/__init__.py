"""The common parts of all commands: options, the way from arguments to an exit code, messages on stderr."""
