"""Cached responses: metadata (head) and content (body or payload), in the formats of every pip."""
