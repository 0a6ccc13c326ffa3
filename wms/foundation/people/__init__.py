"""Operators, badges, roles, sessions and machine keys.

Tables: operator, session, machine_key. Emits nothing: sign-ins are in the event-free audit columns.
"""
