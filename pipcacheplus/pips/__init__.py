"""The behaviour of pips, by version: names on disk, settings, freshness, URLs, keys of built wheels."""
