"""Pure words that every room shares: ids, clock, refusals, quantities, screens, verdicts. No I/O."""
