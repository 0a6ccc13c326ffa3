"""RFID gate: LLRP 1.0.1/1.1 client; one report per passage through the light barrier."""
