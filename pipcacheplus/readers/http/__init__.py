"""Cached responses: head and payload, in the formats of every pip."""
