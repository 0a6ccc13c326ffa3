"""The put wall: the shares that zones picked of an order come together in one slot, from which it is packed.

A slot is a tote that stands in a location of kind `wall` itself; a light on it may show where to put. Tasks of kind wall. Emits
ToteConsolidated, GoodsToPutBack, IncidentDetected. Answers LightConfirmed (a button under the light), OrderCancelRequested and OrderWithdrawn.
"""
