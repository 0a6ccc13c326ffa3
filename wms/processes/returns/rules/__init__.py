"""Pure decisions of returns: policy, states, money, suspicion; and the refusals."""
