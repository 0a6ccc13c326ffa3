"""Where each part of an order is sent from: what this house cannot serve goes to another warehouse that has it.

Tables: other_warehouse, warehouse_stock, sourcing_choice, order_part, order_part_line. Emits WarehouseReported,
IncidentDetected. Answers OrderAccepted, OrderChanged, OrderCancelled, GoodsPutAway, StockStatusChanged, WarehouseReported.
"""
