"""Labels and their printing: templates, numbers, printers with their stand-ins, and a queue that never prints the same serial
twice blindly.

Tables: printer, print_job; sequence sscc_seq. Emits LabelPrinted, LabelFailed; answers CommandAnswered, DeviceStateChanged.
"""
