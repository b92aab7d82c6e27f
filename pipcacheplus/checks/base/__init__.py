"""The parts that checks are made of: the check itself, its context, and proofs of content."""
