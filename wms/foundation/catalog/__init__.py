"""What can be stored and shipped: owners, SKUs, codes, pack levels, bundles, cartons.

Tables: owner, sku, sku_code, pack_level, bundle_part, carton. Emits SkuMeasured, CartonChanged.
"""
