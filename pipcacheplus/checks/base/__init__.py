"""The parts of checks: the check itself, its context, and proofs of content."""
