"""What others ask of us: purchase orders and supplier notices in, customer orders out.

Tables: purchase_order, purchase_line, notice, notice_line, customer_order, order_line.
Emits NoticeAccepted, OrderAccepted, OrderCancelRequested, OrderCancelled, OrderChanged, OrderShipped.
"""
