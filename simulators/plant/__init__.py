"""The physical world behind the simulators: pure, seeded, without sockets or clocks."""
