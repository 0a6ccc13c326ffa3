"""Which carton sizes the site keeps: proposed from what it has shipped, accepted or dismissed by a supervisor.

Tables: carton_proposal. Emits ProposalRequested, ProposalAccepted. The solver's snapshot is read by the twin (flow.py).
"""
