"""The values that flow from stage to stage, and the closed sets of words that they are made of."""

from pipcacheplus.model.values import *  # noqa: F403 - the public face: `from pipcacheplus.model import Entry`
from pipcacheplus.model.values import __all__ as __all__
