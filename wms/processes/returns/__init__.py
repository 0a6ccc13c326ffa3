"""Returns: authorised by a dated policy, received at a bench as ungraded stock, graded, refunded by advice; abuse is flagged.

Tables: return_policy, return_site, sent_parcel, rma, return_label, rma_line, return_item, return_finding, return_photo,
stray_parcel, return_flag. Emits ReturnAuthorised, ReturnLabelWanted, ReturnLabelDropped, ItemGraded, ReturnClosed,
ReturnPolicyChanged, MatterSettled, GoodsToPutBack, IncidentDetected. Answers ParcelDeparted, ParcelDelivered,
ReturnLabelBought, ReturnLabelRefused, ReturnPolicyChanged.
"""
