"""DWS (dimension, weigh, scan) over Modbus TCP with our own versioned register map."""
