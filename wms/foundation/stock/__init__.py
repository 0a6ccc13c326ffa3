"""The ledger: lots, handling units, movements, balances, reservations, serials. The only writer of stock.

Tables: stock_status, status_change, lot, handling_unit, hu_move, stock_balance, movement, reservation, serial,
movement_serial. Emits StockAdjusted, StockStatusChanged.
"""
