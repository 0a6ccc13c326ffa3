"""What front doors need of people."""

from wms.foundation.people.rules import BadSignIn

__all__ = ["BadSignIn"]
