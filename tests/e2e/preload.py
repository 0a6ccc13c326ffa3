"""What the process that the servers are forked from has loaded: all of the product, and the planners compiled."""

import wms.main  # noqa: F401
from wms.algorithms.warm import warm

warm()
