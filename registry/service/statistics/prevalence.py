"""Limited-duration prevalence."""
