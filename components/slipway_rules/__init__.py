"""What constructors refuse and policies find: pure predicates that import nothing, so that a policy pack starts at once.

A value that is not plain data (an Output in a constructor, something that a preview does not know yet in a policy) is
nobody's mistake: every predicate passes over it.
"""
