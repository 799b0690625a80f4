"""The policy pack: pure rules, one file a family, and one thin layer that shows them to Pulumi."""
