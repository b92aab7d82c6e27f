"""Parts that all commands share: options, the way from arguments to an exit code, messages on stderr."""
