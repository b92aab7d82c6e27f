"""Readers: bytes to facts. Each returns facts or `Broken`, whatever the bytes, within a stated amount of memory."""
