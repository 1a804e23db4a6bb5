"""Multiple primaries: are two tumors of a patient one primary or two, by which rule, and why.

The rules of SEER: hematopoietic 2000 and earlier, 2001-2009, 2010 and later; solid tumors 2006 and
earlier; Multiple Primary and Histology 2007; Solid Tumor Rules 2018 and later. The group and its edition
follow from the codes and the later diagnosis year of the pair.
"""

from registry.coding.primaries.compare import compare_tumors, explain, rules
from registry.coding.primaries.patients import pairs_of

__all__ = ["compare_tumors", "explain", "pairs_of", "rules"]
