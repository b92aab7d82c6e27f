"""What all commands share: options, the way from arguments to an exit code, and talk on stderr."""
