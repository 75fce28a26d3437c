"""Diagnosis of infeasibility: certificates by arithmetic and bounds, and the elastic program."""
