"""The real drivers, simulators and controllers together in one event loop whose clock is ours."""
