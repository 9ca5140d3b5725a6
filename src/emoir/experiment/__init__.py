"""The paper's comparison: network variants trained fold by fold, and the tables of what they predicted."""
