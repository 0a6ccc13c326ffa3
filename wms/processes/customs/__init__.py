"""Customs: filings per SKU, the mode of an order, papers that must agree before it is declared, declarations and their answers.

Every rule is a row of a dated table that the site loads. Until a mode table was ever loaded customs judges nothing; from then on no
order is released unjudged, and no parcel is loaded whose papers differ.
Tables: customs_table, customs_filing, customs_record, customs_order, customs_parcel, customs_batch, customs_hold, customs_item,
customs_sale, customs_paper. Emits: RulesChanged, JudgementDue, DeclarationHeld, PapersAnswered, DeclarationReleased. Answers:
OrderAccepted, OrderChanged, OrderFreed, OrderCancelled, OrderShipped, ParcelLabelled, LabelDropped, RulesChanged, JudgementDue,
CustomsHeld, CustomsPassed.
"""
