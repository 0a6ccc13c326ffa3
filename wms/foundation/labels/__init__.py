"""Labels and their printing: templates, numbers, and a queue that never prints the same serial twice blindly.

Tables: print_job; sequence sscc_seq. Emits LabelPrinted, LabelFailed; answers PrintAnswered.
"""
