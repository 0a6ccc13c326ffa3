"""Value-added services at their own stations: relabel, bag, insert, photograph, make kits and take them apart, by work order and
recipe; and goods prepared and boxed for a marketplace's warehouse (FBA). Every chargeable act is kept with its owner.

Tables: vas_recipe, vas_order, vas_photo, vas_kit_serial, chargeable_act, fba_limit, fba_shipment, fba_line, fba_box. Emits WorkOrderEnded,
ShipmentDeparted, IncidentDetected. Answers OrderPicked, OrderCancelled, LabelFailed.
"""
