"""Plan quality and speed against published instances, judged by an independent evaluator where the shared folder is there."""
