"""Channels and carriers: services and rate cards as data, what may fly, which service an order takes, and carriers' labels.

Tables: ship_service, ship_version, ship_goods, ship_choice, ship_check, ship_transit, ship_window, ship_purchase.
Emits ShippingDataChanged, LabelBought, LabelRefused, ReturnLabelBought, ReturnLabelRefused. Answers OrderAccepted, OrderChanged, LabelWanted, LabelDropped, ReturnLabelWanted,
ReturnLabelDropped, CarrierAnswered, ParcelDelivered and its own ShippingDataChanged.
"""
