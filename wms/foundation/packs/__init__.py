"""How goods are to be packed: pack versions of a SKU (inner pack, carton, dunnage) with their test records, and what may not
share a parcel.

Tables: pack_material, pack_version, pack_test, pack_policy, parcel_limit. Emits PackChanged.
"""
